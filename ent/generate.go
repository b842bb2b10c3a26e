// Package ent holds what is stored: schema says the tables, rule who may see and change their rows,
// generated is what ent makes of the two.
package ent

//go:generate go tool ent generate --feature privacy,intercept,sql/lock,sql/upsert,sql/modifier,sql/execquery,sql/versioned-migration --target ./generated ./schema
