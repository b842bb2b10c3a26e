package ledger

// Statement reads what the terms of a network counted in the range.
func (r Range) Statement(networkID int) (query string, args []any) {
	return r.statement(networkID, "", nil)
}
