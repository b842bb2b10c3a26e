// Package migrations holds the versioned SQL that makes and changes the tables, one folder an engine
// family. A released file is never edited: a change is a new file in both folders.
//
// A migration is made from the schema. After a change in ent/schema:
//
//	make generate
//	go test ./ent/database -run Migrations -write 00002_what_it_is_for.sql
//
// writes, on an empty database of each engine, what the schema says beyond all the other files. Read it: of
// a renamed column it knows only that one went and another came. Without -write the same test fails where the
// migrations and the schema differ, and says in what.
package migrations

import "embed"

// Files are the migrations, in the folders sqlite and mysql.
//
//go:embed sqlite/*.sql mysql/*.sql
var Files embed.FS
