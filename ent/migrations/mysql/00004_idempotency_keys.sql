-- +goose Up

CREATE TABLE `idempotency_key` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `account_id` bigint NOT NULL,
    `key_hash` varbinary(255) NOT NULL,
    `request_hash` varbinary(255) NOT NULL,
    `uses` bigint NOT NULL DEFAULT 1,
    `results` longblob NULL,
    `answer` longblob NULL,
    `created_at` datetime(6) NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `idempotencykey_account_id_key_hash` (`account_id`, `key_hash`),
    INDEX `idempotencykey_created_at` (`created_at`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
