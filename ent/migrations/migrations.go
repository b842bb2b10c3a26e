// Package migrations holds the versioned SQL that makes and changes the tables, one folder an engine
// family. A released file is never edited: a change is a new file in both folders. Databases keep a checksum of each,
// and refuse a program that has another one.
//
// A statement ends with a semicolon at the end of a line; lines that begin with two dashes are comments. Servers of the
// MySQL family commit at each change of a table: one that was interrupted goes on with the statement that was not noted as
// done, so each statement must be done wholly or not at all, as CREATE, ALTER and DROP of one table are.
//
// A migration is made from the schema. After a change in ent/schema:
//
//	make generate
//	go test ./ent/database -run Migrations -write 00002_what_it_is_for.sql
//
// writes, on an empty database of each engine, what the schema says beyond all the other files. Read it: of
// a renamed column it knows only that one went and another came. Without -write the same test fails where the
// migrations and the schema differ, and says in what. One table, term_month, is the migrations' alone.
package migrations

import "embed"

// Files are the migrations, in the folders sqlite and mysql.
//
//go:embed sqlite/*.sql mysql/*.sql
var Files embed.FS
