package database

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"entgo.io/ent/dialect"

	"partner.example/referrals/commission"
)

// KeyKept is how long what was done under a key is remembered.
const KeyKept = 48 * time.Hour

// Key makes a request of one account happen once, however often it is sent. Each of its transactions leaves what
// it came to under the key, in the same commit as the change itself: run again, it finds that and does nothing,
// also where the first answer was lost, or is still on its way. Its fields are used by one request, and its
// transactions come one after the other.
//
// What is kept is sealed by the key itself, of which the database has the hash alone: an answer may hold a token.
type Key struct {
	account  int
	hash     string
	request  string
	at       time.Time
	seal     cipher.AEAD
	steps    map[string]int
	replayed bool
}

// NewKey is the key that an account sent at a moment, with a request that request is the hash of.
func NewKey(account int, text, request string, at time.Time) (*Key, error) {
	block, err := aes.NewCipher(derive(text, "seal"))
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Key{
		account: account, hash: hex.EncodeToString(derive(text, "find")), request: request, at: at, seal: seal, steps: map[string]int{},
	}, nil
}

func derive(text, purpose string) []byte {
	mac := hmac.New(sha256.New, []byte(text))
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Replayed tells whether anything that the request asks for had been done before.
func (k *Key) Replayed() bool { return k.replayed }

type keyKey struct{}

type keyed struct {
	*Key
	field string
}

// WithKey has the transactions of a context run under a key.
func WithKey(ctx context.Context, key *Key) context.Context {
	return context.WithValue(ctx, keyKey{}, keyed{Key: key})
}

// WithoutKey has the transactions of a context run under no key: those that are not the request's own.
func WithoutKey(ctx context.Context) context.Context { return context.WithValue(ctx, keyKey{}, nil) }

// HasKey tells whether the transactions of a context run under a key.
func HasKey(ctx context.Context) bool {
	_, ok := ctx.Value(keyKey{}).(keyed)
	return ok
}

// InField names the part of the request to which the transactions of a context belong: each part has its own.
func InField(ctx context.Context, field string) context.Context {
	if k, ok := ctx.Value(keyKey{}).(keyed); ok {
		return context.WithValue(ctx, keyKey{}, keyed{k.Key, field})
	}
	return ctx
}

// step is a transaction under a key: the n-th of its field.
type step struct {
	*Key
	name string
	past map[string][]byte // what this and other steps came to, as begin found it
}

// nextStep is nil where the context has no key.
func nextStep(ctx context.Context) *step {
	k, ok := ctx.Value(keyKey{}).(keyed)
	if !ok {
		return nil
	}
	k.steps[k.field]++
	return &step{Key: k.Key, name: k.field + "/" + strconv.Itoa(k.steps[k.field])}
}

// around is the work, done unless it was done before: then it is errDone. Without a step it is the work itself.
func (s *step) around(work func(ctx context.Context, tx *Tx) error, results []any) func(ctx context.Context, tx *Tx) error {
	if s == nil {
		return work
	}
	return func(ctx context.Context, tx *Tx) error {
		if err := s.begin(ctx, tx, results); err != nil {
			return err
		}
		if err := work(ctx, tx); err != nil {
			return err
		}
		return s.end(ctx, tx, results)
	}
}

// kept is the row of a key.
type kept struct {
	request   string
	results   []byte
	answer    []byte
	createdAt time.Time
}

// errDone says that the transaction was done before; what it came to is in its results.
var errDone = errors.New("done before")

// begin takes the key's row, as the first lock of the transaction, and so waits for whoever else is at work
// under the key. It returns errDone where this step was done, having set its results.
func (s *step) begin(ctx context.Context, tx *Tx, results []any) error {
	claim := "INSERT INTO idempotency_key (account_id, key_hash, request_hash, uses, created_at) VALUES (?, ?, ?, 1, ?) "
	if tx.dialect == dialect.SQLite {
		claim += "ON CONFLICT (account_id, key_hash) DO UPDATE SET uses = uses + 1"
	} else {
		claim += "ON DUPLICATE KEY UPDATE uses = uses + 1"
	}
	if _, err := tx.ExecContext(ctx, claim, s.account, s.hash, s.request, s.at); err != nil {
		return fmt.Errorf("claim the key: %w", err)
	}
	var err error
	if s.past, err = s.pastSteps(ctx, tx); err != nil {
		return err
	}
	encoded, done := s.past[s.name]
	if !done {
		return nil
	}
	if err := decode(encoded, results); err != nil {
		return fmt.Errorf("read what was done under the key: %w", err)
	}
	s.replayed = true
	return errDone
}

// end leaves what the step came to.
func (s *step) end(ctx context.Context, tx *Tx, results []any) error {
	encoded, err := encode(results)
	if err != nil {
		return fmt.Errorf("keep what was done under the key: %w", err)
	}
	s.past[s.name] = encoded
	all, err := encode([]any{&s.past})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE idempotency_key SET request_hash = ?, results = ?, answer = NULL, created_at = CASE WHEN created_at <= ? THEN ? ELSE created_at END
		WHERE account_id = ? AND key_hash = ?`,
		s.request, s.sealed(all), s.at.Add(-KeyKept), s.at, s.account, s.hash)
	if err != nil {
		return fmt.Errorf("keep what was done under the key: %w", err)
	}
	return nil
}

// pastSteps is what each step of the request that was done came to.
func (s *step) pastSteps(ctx context.Context, tx *Tx) (map[string][]byte, error) {
	past := map[string][]byte{}
	row, err := s.find(ctx, tx)
	if err != nil || row == nil || row.results == nil {
		return past, err
	}
	all, err := s.opened(row.results)
	if err != nil {
		return nil, err
	}
	return past, decode(all, []any{&past})
}

// find is what the key holds; nil: nothing, or nothing any more. Of another request it is a Conflict.
func (k *Key) find(ctx context.Context, q Querier) (*kept, error) {
	var found *kept
	err := Each(ctx, q, "SELECT request_hash, results, answer, created_at FROM idempotency_key WHERE account_id = ? AND key_hash = ?",
		[]any{k.account, k.hash}, func(row *sql.Rows) error {
			found = &kept{}
			return row.Scan(&found.request, &found.results, &found.answer, &found.createdAt)
		})
	switch {
	case err != nil:
		return nil, fmt.Errorf("find the key: %w", err)
	case found == nil, !found.createdAt.After(k.at.Add(-KeyKept)):
		return nil, nil //nolint:nilnil // there is none
	case found.request != k.request:
		return nil, commission.Refuse(commission.Conflict, "", "this Idempotency-Key was used with another request: a new request needs a new key")
	default:
		return found, nil
	}
}

// Answer is what the request under the key was answered; nil: it was not, or not in full.
func (d *Database) Answer(ctx context.Context, key *Key) ([]byte, error) {
	found, err := key.find(ctx, d)
	if err != nil || found == nil || found.answer == nil {
		return nil, err
	}
	key.replayed = true
	return key.opened(found.answer)
}

// maxAnswer is the longest answer that is kept: a longer one is computed again, from what its transactions came to.
const maxAnswer = 1 << 20

// KeepAnswer keeps what the request under the key is answered, and cleans up after some keys of long ago.
func (d *Database) KeepAnswer(ctx context.Context, key *Key, answer []byte) error {
	if len(answer) <= maxAnswer {
		_, err := d.ExecContext(ctx, "UPDATE idempotency_key SET answer = ? WHERE account_id = ? AND key_hash = ? AND request_hash = ? AND answer IS NULL",
			key.sealed(answer), key.account, key.hash, key.request)
		if err != nil {
			return fmt.Errorf("keep the answer: %w", err)
		}
	}
	var old []int
	err := Each(ctx, d, "SELECT id FROM idempotency_key WHERE created_at <= ? ORDER BY created_at LIMIT 100",
		[]any{key.at.Add(-KeyKept)}, func(row *sql.Rows) error {
			var id int
			err := row.Scan(&id)
			old = append(old, id)
			return err
		})
	if err != nil || len(old) == 0 {
		return err
	}
	args := []any{key.at.Add(-KeyKept)} // a row may have been taken again since
	for _, id := range old {
		args = append(args, id)
	}
	_, err = d.ExecContext(ctx, "DELETE FROM idempotency_key WHERE created_at <= ? AND id IN ("+Placeholders(len(old))+")", args...)
	if err != nil {
		return fmt.Errorf("clean up old keys: %w", err)
	}
	return nil
}

func (k *Key) sealed(plain []byte) []byte {
	nonce := make([]byte, k.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return k.seal.Seal(nonce, nonce, plain, []byte(k.request))
}

func (k *Key) opened(sealed []byte) ([]byte, error) {
	size := k.seal.NonceSize()
	if len(sealed) < size {
		return nil, errors.New("what is kept under the key is cut short")
	}
	plain, err := k.seal.Open(nil, sealed[:size], sealed[size:], []byte(k.request))
	if err != nil {
		return nil, fmt.Errorf("open what is kept under the key: %w", err)
	}
	return plain, nil
}

// encode writes what the pointers point to. It is gob and not JSON, which leaves out of ent's rows what is sensitive.
func encode(results []any) ([]byte, error) {
	var out bytes.Buffer
	to := gob.NewEncoder(&out)
	for _, result := range results {
		value := reflect.ValueOf(result).Elem()
		none := value.Kind() == reflect.Pointer && value.IsNil()
		if err := to.Encode(none); err != nil {
			return nil, err
		}
		if none {
			continue
		}
		if err := to.EncodeValue(value); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func decode(encoded []byte, results []any) error {
	from := gob.NewDecoder(bytes.NewReader(encoded))
	for _, result := range results {
		var none bool
		if err := from.Decode(&none); err != nil {
			return err
		}
		if none {
			continue
		}
		if err := from.Decode(result); err != nil {
			return err
		}
	}
	return nil
}
