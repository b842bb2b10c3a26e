-- +goose Up

CREATE TABLE `idempotency_key` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `account_id` integer NOT NULL,
    `key_hash` text NOT NULL,
    `request_hash` text NOT NULL,
    `uses` integer NOT NULL DEFAULT (1),
    `results` blob NULL,
    `answer` blob NULL,
    `created_at` datetime NOT NULL
);
CREATE UNIQUE INDEX `idempotencykey_account_id_key_hash` ON `idempotency_key` (`account_id`, `key_hash`);
CREATE INDEX `idempotencykey_created_at` ON `idempotency_key` (`created_at`);
