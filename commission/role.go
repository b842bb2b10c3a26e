package commission

// Role says what an account may do; docs/rules.md section 8 is the whole table.
type Role string

const (
	Admin          Role = "ADMIN"
	PartnerManager Role = "PARTNER_MANAGER"
	PartnerUser    Role = "PARTNER"
	Support        Role = "SUPPORT"
	Tracker        Role = "TRACKER"
)

// Values lists every role.
func (Role) Values() []string {
	return []string{string(Admin), string(PartnerManager), string(PartnerUser), string(Support), string(Tracker)}
}

// ManagerScope says which partners a PARTNER_MANAGER manages.
type ManagerScope string

const (
	Global  ManagerScope = "GLOBAL"  // all partners of the network
	Limited ManagerScope = "LIMITED" // the partners whose manager the account is
)

// Values lists every scope.
func (ManagerScope) Values() []string { return []string{string(Global), string(Limited)} }
