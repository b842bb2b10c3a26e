ALTER TABLE `conversion`
    ADD COLUMN `grant_id` integer NULL;

ALTER TABLE `referral_term`
    ADD COLUMN `grant_id` integer NULL;
CREATE UNIQUE INDEX `referral_term_grant_id_key` ON `referral_term` (`grant_id`);

CREATE TABLE `commission_void` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `from_day` integer NOT NULL,
    `to_day` integer NOT NULL,
    `reason` text NOT NULL,
    `voided_at` datetime NOT NULL,
    `voided_by` text NOT NULL,
    `conversions` integer NOT NULL,
    `amount` integer NOT NULL,
    `term_id` integer NOT NULL,
    CONSTRAINT `commission_void_referral_term_term` FOREIGN KEY (`term_id`) REFERENCES `referral_term` (`id`) ON DELETE NO ACTION
);
CREATE INDEX `commissionvoid_network_id` ON `commission_void` (`network_id`);
CREATE INDEX `commissionvoid_term_id` ON `commission_void` (`term_id`);

CREATE TABLE `retroactive_grant` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `structure_id` integer NOT NULL,
    `from_day` integer NOT NULL,
    `to_day` integer NOT NULL,
    `maximum` integer NOT NULL,
    `reason` text NOT NULL,
    `status` text NOT NULL,
    `conversions` integer NOT NULL DEFAULT (0),
    `amount` integer NOT NULL,
    `proposed_at` datetime NULL,
    `proposed_by` text NOT NULL DEFAULT (''),
    `granted_at` datetime NULL,
    `granted_by` text NOT NULL DEFAULT (''),
    `ended_at` datetime NULL,
    `ended_by` text NOT NULL DEFAULT (''),
    `end_reason` text NOT NULL DEFAULT (''),
    `referral_id` integer NOT NULL,
    CONSTRAINT `retroactive_grant_referral_referral` FOREIGN KEY (`referral_id`) REFERENCES `referral` (`id`) ON DELETE NO ACTION
);
CREATE INDEX `retroactivegrant_network_id` ON `retroactive_grant` (`network_id`);
CREATE INDEX `retroactivegrant_referral_id` ON `retroactive_grant` (`referral_id`);
