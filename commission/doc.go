// Package commission holds the rules of referral money and nothing else: values in, values out.
//
// It knows no clock, context, database or GraphQL; time comes in as an argument. Numbers in square
// brackets, such as [T4], are the rules of docs/rules.md, which says each of them in full.
package commission
