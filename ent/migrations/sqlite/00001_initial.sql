-- +goose Up

CREATE TABLE `account` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `name` text NOT NULL,
    `email` text NOT NULL DEFAULT (''),
    `role` text NOT NULL,
    `manager_scope` text NULL,
    `subject` text NULL,
    `created_at` datetime NOT NULL,
    `network_id` integer NULL,
    `partner_id` integer NULL,
    CONSTRAINT `account_network_network` FOREIGN KEY (`network_id`) REFERENCES `network` (`id`) ON DELETE SET NULL,
    CONSTRAINT `account_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL
);
CREATE INDEX `account_network_id_role` ON `account` (`network_id`, `role`);
CREATE UNIQUE INDEX `account_network_id_subject` ON `account` (`network_id`, `subject`);

CREATE TABLE `accrual` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `day` integer NOT NULL,
    `slot` integer NOT NULL DEFAULT (0),
    `line_id` integer NOT NULL DEFAULT (0),
    `conversions` integer NOT NULL,
    `revenue` integer NOT NULL,
    `payout` integer NOT NULL,
    `fee` integer NOT NULL,
    `term_id` integer NOT NULL,
    CONSTRAINT `accrual_referral_term_term` FOREIGN KEY (`term_id`) REFERENCES `referral_term` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `accrual_term_id_day_slot` ON `accrual` (`term_id`, `day`, `slot`);
CREATE INDEX `accrual_network_id_day` ON `accrual` (`network_id`, `day`);
CREATE INDEX `accrual_line_id` ON `accrual` (`line_id`);

CREATE TABLE `audit_event` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NULL,
    `at` datetime NOT NULL,
    `account_id` integer NULL,
    `actor_name` text NOT NULL,
    `actor_role` text NOT NULL DEFAULT (''),
    `action` text NOT NULL,
    `subject_type` text NOT NULL,
    `subject_id` integer NOT NULL,
    `subject_name` text NOT NULL,
    `partner_id` integer NULL,
    `reason` text NOT NULL DEFAULT (''),
    `changes` text NOT NULL
);
CREATE INDEX `auditevent_network_id_subject_type_subject_id` ON `audit_event` (`network_id`, `subject_type`, `subject_id`);
CREATE INDEX `auditevent_partner_id` ON `audit_event` (`partner_id`);

CREATE TABLE `commission_structure` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `canonical` text NOT NULL,
    `type` text NOT NULL,
    `amount` integer NULL,
    `rate` integer NULL,
    `basis` text NULL,
    `minimum_earnings` integer NULL,
    `duration_value` integer NULL,
    `duration_unit` text NULL,
    `created_at` datetime NOT NULL
);
CREATE UNIQUE INDEX `commissionstructure_network_id_canonical` ON `commission_structure` (`network_id`, `canonical`);

CREATE TABLE `conversion` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `external_id` text NOT NULL,
    `occurred_at` datetime NOT NULL,
    `recorded_at` datetime NOT NULL,
    `revenue` integer NOT NULL,
    `payout` integer NOT NULL,
    `adjusts_id` integer NULL,
    `adjustment_number` integer NULL,
    `reason` text NOT NULL DEFAULT (''),
    `day` integer NOT NULL,
    `accrual_id` integer NULL,
    `earning_day_id` integer NOT NULL,
    `partner_id` integer NOT NULL,
    CONSTRAINT `conversion_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `conversion_network_id_external_id` ON `conversion` (`network_id`, `external_id`);
CREATE INDEX `conversion_network_id_occurred_at` ON `conversion` (`network_id`, `occurred_at`);
CREATE UNIQUE INDEX `conversion_adjusts_id_adjustment_number` ON `conversion` (`adjusts_id`, `adjustment_number`);
CREATE INDEX `conversion_accrual_id` ON `conversion` (`accrual_id`);

CREATE TABLE `earning_day` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `day` integer NOT NULL,
    `slot` integer NOT NULL DEFAULT (0),
    `line_id` integer NOT NULL DEFAULT (0),
    `conversions` integer NOT NULL,
    `revenue` integer NOT NULL,
    `payout` integer NOT NULL,
    `partner_id` integer NOT NULL,
    CONSTRAINT `earning_day_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `earningday_partner_id_day_slot` ON `earning_day` (`partner_id`, `day`, `slot`);
CREATE INDEX `earningday_network_id_day` ON `earning_day` (`network_id`, `day`);
CREATE INDEX `earningday_line_id` ON `earning_day` (`line_id`);

CREATE TABLE `gate` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `stripe` integer NOT NULL,
    `passes` integer NOT NULL DEFAULT (0)
);
CREATE UNIQUE INDEX `gate_network_id_stripe` ON `gate` (`network_id`, `stripe`);

CREATE TABLE `identity_provider` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `issuer` text NOT NULL,
    `audience` text NOT NULL,
    `role_claim` text NOT NULL,
    `partner_claim` text NOT NULL,
    `scope_claim` text NOT NULL
);
CREATE UNIQUE INDEX `identity_provider_network_id_key` ON `identity_provider` (`network_id`);
CREATE UNIQUE INDEX `identity_provider_issuer_key` ON `identity_provider` (`issuer`);

CREATE TABLE `invoice` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `number` integer NOT NULL,
    `partner_name` text NOT NULL,
    `from_day` integer NOT NULL,
    `to_day` integer NOT NULL,
    `status` text NOT NULL,
    `hidden` bool NOT NULL,
    `total` integer NOT NULL,
    `issued_at` datetime NOT NULL,
    `due_on` integer NOT NULL,
    `paid_at` datetime NULL,
    `deleted_at` datetime NULL,
    `partner_id` integer NOT NULL,
    CONSTRAINT `invoice_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `invoice_network_id_number` ON `invoice` (`network_id`, `number`);
CREATE INDEX `invoice_partner_id_to_day` ON `invoice` (`partner_id`, `to_day`);

CREATE TABLE `invoice_line` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `type` text NOT NULL,
    `description` text NOT NULL,
    `term_id` integer NULL,
    `referred_id` integer NULL,
    `structure_id` integer NULL,
    `from_day` integer NOT NULL,
    `to_day` integer NOT NULL,
    `conversions` integer NOT NULL,
    `basis_amount` integer NOT NULL,
    `amount` integer NOT NULL,
    `carried_by` integer NULL,
    `invoice_id` integer NOT NULL,
    CONSTRAINT `invoice_line_invoice_invoice` FOREIGN KEY (`invoice_id`) REFERENCES `invoice` (`id`) ON DELETE NO ACTION
);
CREATE INDEX `invoiceline_invoice_id` ON `invoice_line` (`invoice_id`);
CREATE INDEX `invoiceline_term_id` ON `invoice_line` (`term_id`);
CREATE INDEX `invoiceline_carried_by` ON `invoice_line` (`carried_by`);

CREATE TABLE `network` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `name` text NOT NULL,
    `currency` text NOT NULL,
    `time_zone` text NOT NULL,
    `referral_enabled` bool NOT NULL DEFAULT (false),
    `referral_settings_version` integer NOT NULL DEFAULT (1),
    `referral_settings_updated_at` datetime NULL,
    `referral_settings_updated_by` text NOT NULL DEFAULT (''),
    `sign_up_page` text NOT NULL DEFAULT (''),
    `next_invoice_number` integer NOT NULL DEFAULT (1),
    `billed_through` integer NULL,
    `changed_at` datetime NOT NULL,
    `created_at` datetime NOT NULL,
    `referral_structure_id` integer NULL,
    CONSTRAINT `network_commission_structure_referral_structure` FOREIGN KEY (`referral_structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL
);

CREATE TABLE `partner` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `name` text NOT NULL,
    `email` text NOT NULL DEFAULT (''),
    `search_text` text NOT NULL,
    `status` text NOT NULL,
    `approved_at` datetime NULL,
    `version` integer NOT NULL DEFAULT (1),
    `referral_code` text NOT NULL,
    `referred_by_source` text NULL,
    `referral_mode` text NOT NULL DEFAULT ('INHERIT'),
    `referral_setting_version` integer NOT NULL DEFAULT (1),
    `billing_frequency` text NOT NULL DEFAULT ('MONTHLY'),
    `payment_terms_days` integer NOT NULL DEFAULT (30),
    `invoice_threshold` integer NULL,
    `hide_invoices` bool NOT NULL DEFAULT (false),
    `created_at` datetime NOT NULL,
    `network_id` integer NOT NULL,
    `referred_by_id` integer NULL,
    `referral_structure_id` integer NULL,
    `manager_id` integer NULL,
    CONSTRAINT `partner_network_network` FOREIGN KEY (`network_id`) REFERENCES `network` (`id`) ON DELETE NO ACTION,
    CONSTRAINT `partner_partner_referred_partners` FOREIGN KEY (`referred_by_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL,
    CONSTRAINT `partner_commission_structure_referral_structure` FOREIGN KEY (`referral_structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL,
    CONSTRAINT `partner_account_manager` FOREIGN KEY (`manager_id`) REFERENCES `account` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `partner_referral_code_key` ON `partner` (`referral_code`);
CREATE INDEX `partner_network_id_referral_mode` ON `partner` (`network_id`, `referral_mode`);
CREATE INDEX `partner_network_id_email` ON `partner` (`network_id`, `email`);
CREATE INDEX `partner_referred_by_id` ON `partner` (`referred_by_id`);
CREATE INDEX `partner_manager_id` ON `partner` (`manager_id`);

CREATE TABLE `partner_status` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `status` text NOT NULL,
    `since` datetime NOT NULL,
    `until` datetime NULL,
    `partner_id` integer NOT NULL,
    CONSTRAINT `partner_status_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION
);
CREATE INDEX `partnerstatus_partner_id_since` ON `partner_status` (`partner_id`, `since`);

CREATE TABLE `referral` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `source` text NOT NULL,
    `started_at` datetime NOT NULL,
    `ended_at` datetime NULL,
    `active_key` integer NULL,
    `forfeited_at` datetime NULL,
    `end_reason` text NOT NULL DEFAULT (''),
    `referrer_id` integer NOT NULL,
    `referred_id` integer NOT NULL,
    CONSTRAINT `referral_partner_referrer` FOREIGN KEY (`referrer_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION,
    CONSTRAINT `referral_partner_referred` FOREIGN KEY (`referred_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `referral_active_key_key` ON `referral` (`active_key`);
CREATE INDEX `referral_network_id_started_at` ON `referral` (`network_id`, `started_at`);
CREATE INDEX `referral_referrer_id` ON `referral` (`referrer_id`);
CREATE INDEX `referral_referred_id` ON `referral` (`referred_id`);

CREATE TABLE `referral_term` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `referred_date` datetime NOT NULL,
    `window_ends_at` datetime NULL,
    `closed_at` datetime NULL,
    `close_reason` text NULL,
    `open_key` integer NULL,
    `referral_id` integer NOT NULL,
    `structure_id` integer NOT NULL,
    CONSTRAINT `referral_term_referral_referral` FOREIGN KEY (`referral_id`) REFERENCES `referral` (`id`) ON DELETE NO ACTION,
    CONSTRAINT `referral_term_commission_structure_structure` FOREIGN KEY (`structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `referral_term_open_key_key` ON `referral_term` (`open_key`);
CREATE INDEX `referralterm_referral_id_referred_date` ON `referral_term` (`referral_id`, `referred_date`);
CREATE INDEX `referralterm_network_id` ON `referral_term` (`network_id`);

CREATE TABLE `term_total` (
    `term_id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `conversions` integer NOT NULL,
    `revenue` integer NOT NULL,
    `payout` integer NOT NULL,
    `fee` integer NOT NULL
);

CREATE TABLE `token` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `name` text NOT NULL,
    `hash` text NOT NULL,
    `created_at` datetime NOT NULL,
    `expires_at` datetime NULL,
    `last_used_at` datetime NULL,
    `revoked_at` datetime NULL,
    `account_id` integer NOT NULL,
    CONSTRAINT `token_account_account` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX `token_hash_key` ON `token` (`hash`);
