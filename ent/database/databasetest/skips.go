package databasetest

import (
	"strings"
	"testing"
)

// skips is every test that is not run everywhere, and why: by its name, or by its name and the engine's. There is no
// other way to leave one out. The linter allows no Skip but the one below, which fails a test that is not listed here.
var skips = map[string]string{
	// on an engine
	"TestGate_letsManyPassAtOnce/SQLite":                         oneWriter,
	"TestGate_ofOneNetworkDoesNotHoldUpAnother/SQLite":           oneWriter,
	"TestGate_isShutBesideThoseWhoPassWithoutEnd/SQLite":         oneWriter,
	"TestGate_isReservedNoLongerThanNeeded/SQLite":               oneWriter,
	"TestGate_isReservedNoLongerThanNeeded/TiDB":                 "nobody reserves a gate there: its nodes wait for each other's locks",
	"TestChange_waitsForNoOtherNetwork/SQLite":                   oneWriter,
	"TestTransact_resolvesARealDeadlock/SQLite":                  oneWriter,
	"TestTransact_waitsForALockThatIsRefused/SQLite":             oneWriter,
	"TestTransact_readsWhatIsCommittedByThen/SQLite":             oneWriter,
	"TestTransact_hasTheIsolationThatItNeeds/SQLite":             "it has one level of isolation, the strictest, and no setting for it",
	"TestAnswersWithin_endsAStatementThatNobodyWaitsFor/SQLite":  "there is no server: a statement ends with the context of whoever asks",
	"TestRecording_ofLargeCallsAtOnceBeginsOnce/SQLite":          oneWriter,
	"TestRecording_ofLargeCallsAtOnceBeginsOnce/TiDB":            "a conversion locks its partner there, which has no shared locks: calls for the same partners are deadlocked",
	"TestSweep_findsAnotherConnection/SQLite":                    noConnection,
	"TestSweep_endsWithItsConnection/SQLite":                     noConnection,
	"TestMigrate_ofAServerGoesOnWhereItWasInterrupted/SQLite":    "a migration is one transaction there: TestMigrate_ofAFileIsAllOrNothing has it interrupted",
	"TestMigrate_sumsByMonthOnceWhereverItWasInterrupted/SQLite": "a migration is one transaction there",
	"TestMigrate_ofAServerWaitsForWhoIsAtWork/SQLite":            "a migration is one transaction there, and holds the file",
	"TestBackup_isWholeWhileRecordingGoesOn/TiDB":                "mariadb-dump needs savepoints that TiDB does not keep; its own tools, Dumpling and BR, are not to be had from where we get TiDB",

	// on all
	"TestGalera_oneNodeOfThreeMayDie":                 "a cluster that loses a node is the test's own: where Galera is among the engines, and in test-faults",
	"TestFaults_fullDisk":                             "only root mounts a small disk, and only where it is let",
	"TestDatabase_thatGoesAwayIsWaitedForAndReported": notOurs,
	"TestFaults_databaseLost":                         notOurs,
	"TestFaults_commitAnswerLost":                     notOurs,
}

const (
	oneWriter    = "it has one writer at a time, and nobody whose lock could be met"
	noConnection = "there is no connection that could be lost"
	notOurs      = "where TEST_DATABASE_URL names a server, it is not the tests' to kill"
)

// Skip leaves a test out for the reason that is listed.
func Skip(t testing.TB) {
	t.Helper()
	reason, listed := listed(t)
	if !listed {
		t.Fatalf("%s wants to be left out, and is not listed in ent/database/databasetest/skips.go", t.Name())
	}
	t.Skip(reason)
}

func listed(t testing.TB) (reason string, listed bool) {
	name, _, _ := strings.Cut(t.Name(), "#") // of the parts of a test with one name
	reason, listed = skips[name]
	return reason, listed
}
