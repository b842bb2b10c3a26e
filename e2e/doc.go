// Package e2e proves the product from outside: its tests build the binary, start it on an empty database of each
// engine, send the clients' own documents to it over HTTP and read the answers. Nothing in it reaches into the
// program, but for the throw-away databases that it runs on.
package e2e
