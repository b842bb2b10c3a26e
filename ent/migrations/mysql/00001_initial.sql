-- +goose Up

CREATE TABLE `account` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `email` varbinary(255) NOT NULL DEFAULT '',
    `role` enum('ADMIN','PARTNER_MANAGER','PARTNER','SUPPORT','TRACKER') NOT NULL,
    `manager_scope` enum('GLOBAL','LIMITED') NULL,
    `subject` varbinary(255) NULL,
    `created_at` datetime(6) NOT NULL,
    `network_id` bigint NULL,
    `partner_id` bigint NULL,
    PRIMARY KEY (`id`),
    INDEX `account_network_id_role` (`network_id`, `role`),
    UNIQUE INDEX `account_network_id_subject` (`network_id`, `subject`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `accrual` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `day` int NOT NULL,
    `slot` bigint NOT NULL DEFAULT 0,
    `line_id` bigint NOT NULL DEFAULT 0,
    `conversions` bigint NOT NULL,
    `revenue` bigint NOT NULL,
    `payout` bigint NOT NULL,
    `fee` bigint NOT NULL,
    `term_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `accrual_term_id_day_slot` (`term_id`, `day`, `slot`),
    INDEX `accrual_network_id_day` (`network_id`, `day`),
    INDEX `accrual_line_id` (`line_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `audit_event` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NULL,
    `at` datetime(6) NOT NULL,
    `account_id` bigint NULL,
    `actor_name` varchar(255) NOT NULL,
    `actor_role` varchar(255) NOT NULL DEFAULT '',
    `action` varchar(255) NOT NULL,
    `subject_type` varchar(255) NOT NULL,
    `subject_id` bigint NOT NULL,
    `subject_name` varchar(255) NOT NULL,
    `partner_id` bigint NULL,
    `reason` varchar(1000) NOT NULL DEFAULT '',
    `changes` longtext NOT NULL,
    PRIMARY KEY (`id`),
    INDEX `auditevent_network_id_subject_type_subject_id` (`network_id`, `subject_type`, `subject_id`),
    INDEX `auditevent_partner_id` (`partner_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `commission_structure` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `canonical` varbinary(255) NOT NULL,
    `type` enum('FLAT_FEE','PERCENTAGE') NOT NULL,
    `amount` bigint NULL,
    `rate` bigint NULL,
    `basis` enum('PAYOUT','PROFIT','REVENUE') NULL,
    `minimum_earnings` bigint NULL,
    `duration_value` bigint NULL,
    `duration_unit` enum('DAY','WEEK','MONTH','YEAR') NULL,
    `created_at` datetime(6) NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `commissionstructure_network_id_canonical` (`network_id`, `canonical`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `conversion` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `external_id` varbinary(255) NOT NULL,
    `occurred_at` datetime(6) NOT NULL,
    `recorded_at` datetime(6) NOT NULL,
    `revenue` bigint NOT NULL,
    `payout` bigint NOT NULL,
    `adjusts_id` bigint NULL,
    `adjustment_number` bigint NULL,
    `reason` varchar(1000) NOT NULL DEFAULT '',
    `day` int NOT NULL,
    `accrual_id` bigint NULL,
    `earning_day_id` bigint NOT NULL,
    `partner_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `conversion_network_id_external_id` (`network_id`, `external_id`),
    INDEX `conversion_network_id_occurred_at` (`network_id`, `occurred_at`),
    UNIQUE INDEX `conversion_adjusts_id_adjustment_number` (`adjusts_id`, `adjustment_number`),
    INDEX `conversion_accrual_id` (`accrual_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `earning_day` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `day` int NOT NULL,
    `slot` bigint NOT NULL DEFAULT 0,
    `line_id` bigint NOT NULL DEFAULT 0,
    `conversions` bigint NOT NULL,
    `revenue` bigint NOT NULL,
    `payout` bigint NOT NULL,
    `partner_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `earningday_partner_id_day_slot` (`partner_id`, `day`, `slot`),
    INDEX `earningday_network_id_day` (`network_id`, `day`),
    INDEX `earningday_line_id` (`line_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `gate` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `stripe` bigint NOT NULL,
    `passes` bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `gate_network_id_stripe` (`network_id`, `stripe`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `identity_provider` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `issuer` varbinary(255) NOT NULL,
    `audience` varchar(255) NOT NULL,
    `role_claim` varchar(255) NOT NULL,
    `partner_claim` varchar(255) NOT NULL,
    `scope_claim` varchar(255) NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `network_id` (`network_id`),
    UNIQUE INDEX `issuer` (`issuer`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `invoice` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `number` bigint NOT NULL,
    `partner_name` varchar(255) NOT NULL,
    `from_day` int NOT NULL,
    `to_day` int NOT NULL,
    `status` enum('UNPAID','PAID','DELETED') NOT NULL,
    `hidden` bool NOT NULL,
    `total` bigint NOT NULL,
    `issued_at` datetime(6) NOT NULL,
    `due_on` int NOT NULL,
    `paid_at` datetime(6) NULL,
    `deleted_at` datetime(6) NULL,
    `partner_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `invoice_network_id_number` (`network_id`, `number`),
    INDEX `invoice_partner_id_to_day` (`partner_id`, `to_day`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `invoice_line` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `type` enum('PARTNER_PAYOUT','REFERRAL_COMMISSION','REFERRAL_ADJUSTMENT','CARRY_FORWARD') NOT NULL,
    `description` varchar(1000) NOT NULL,
    `term_id` bigint NULL,
    `referred_id` bigint NULL,
    `structure_id` bigint NULL,
    `from_day` int NOT NULL,
    `to_day` int NOT NULL,
    `conversions` bigint NOT NULL,
    `basis_amount` bigint NOT NULL,
    `amount` bigint NOT NULL,
    `carried_by` bigint NULL,
    `invoice_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    INDEX `invoiceline_invoice_id` (`invoice_id`),
    INDEX `invoiceline_term_id` (`term_id`),
    INDEX `invoiceline_carried_by` (`carried_by`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `network` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `currency` varchar(255) NOT NULL,
    `time_zone` varchar(255) NOT NULL,
    `referral_enabled` bool NOT NULL DEFAULT false,
    `referral_settings_version` bigint NOT NULL DEFAULT 1,
    `referral_settings_updated_at` datetime(6) NULL,
    `referral_settings_updated_by` varchar(255) NOT NULL DEFAULT '',
    `sign_up_page` varchar(255) NOT NULL DEFAULT '',
    `next_invoice_number` bigint NOT NULL DEFAULT 1,
    `billed_through` int NULL,
    `changed_at` datetime(6) NOT NULL,
    `created_at` datetime(6) NOT NULL,
    `referral_structure_id` bigint NULL,
    PRIMARY KEY (`id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `partner` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `email` varbinary(255) NOT NULL DEFAULT '',
    `search_text` varchar(1055) NOT NULL,
    `status` enum('PENDING','ACTIVE','INACTIVE','SUSPENDED','REJECTED') NOT NULL,
    `approved_at` datetime(6) NULL,
    `version` bigint NOT NULL DEFAULT 1,
    `referral_code` varbinary(255) NOT NULL,
    `referred_by_source` enum('LINK','MANUAL') NULL,
    `referral_mode` enum('INHERIT','DISABLED','CUSTOM') NOT NULL DEFAULT 'INHERIT',
    `referral_setting_version` bigint NOT NULL DEFAULT 1,
    `billing_frequency` enum('WEEKLY','BIMONTHLY','MONTHLY','TWO_MONTHS','QUARTERLY','MANUAL') NOT NULL DEFAULT 'MONTHLY',
    `payment_terms_days` bigint NOT NULL DEFAULT 30,
    `invoice_threshold` bigint NULL,
    `hide_invoices` bool NOT NULL DEFAULT false,
    `created_at` datetime(6) NOT NULL,
    `network_id` bigint NOT NULL,
    `referred_by_id` bigint NULL,
    `referral_structure_id` bigint NULL,
    `manager_id` bigint NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `referral_code` (`referral_code`),
    INDEX `partner_network_id_referral_mode` (`network_id`, `referral_mode`),
    INDEX `partner_network_id_email` (`network_id`, `email`),
    INDEX `partner_referred_by_id` (`referred_by_id`),
    INDEX `partner_manager_id` (`manager_id`),
    CONSTRAINT `partner_partner_referred_partners` FOREIGN KEY (`referred_by_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `partner_status` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `status` enum('PENDING','ACTIVE','INACTIVE','SUSPENDED','REJECTED') NOT NULL,
    `since` datetime(6) NOT NULL,
    `until` datetime(6) NULL,
    `partner_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    INDEX `partnerstatus_partner_id_since` (`partner_id`, `since`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `referral` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `source` enum('LINK','MANUAL') NOT NULL,
    `started_at` datetime(6) NOT NULL,
    `ended_at` datetime(6) NULL,
    `active_key` bigint NULL,
    `forfeited_at` datetime(6) NULL,
    `end_reason` varchar(1000) NOT NULL DEFAULT '',
    `referrer_id` bigint NOT NULL,
    `referred_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `active_key` (`active_key`),
    INDEX `referral_network_id_started_at` (`network_id`, `started_at`),
    INDEX `referral_referrer_id` (`referrer_id`),
    INDEX `referral_referred_id` (`referred_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `referral_term` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `referred_date` datetime(6) NOT NULL,
    `window_ends_at` datetime(6) NULL,
    `closed_at` datetime(6) NULL,
    `close_reason` enum('SUPERSEDED','REFERRAL_ENDED','SETTING_ENDED') NULL,
    `open_key` bigint NULL,
    `referral_id` bigint NOT NULL,
    `structure_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `open_key` (`open_key`),
    INDEX `referralterm_referral_id_referred_date` (`referral_id`, `referred_date`),
    INDEX `referralterm_network_id` (`network_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `term_total` (
    `term_id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `conversions` bigint NOT NULL,
    `revenue` bigint NOT NULL,
    `payout` bigint NOT NULL,
    `fee` bigint NOT NULL,
    PRIMARY KEY (`term_id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `token` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `hash` varbinary(255) NOT NULL,
    `created_at` datetime(6) NOT NULL,
    `expires_at` datetime(6) NULL,
    `last_used_at` datetime(6) NULL,
    `revoked_at` datetime(6) NULL,
    `account_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE INDEX `hash` (`hash`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE `account`
    ADD CONSTRAINT `account_network_network` FOREIGN KEY (`network_id`) REFERENCES `network` (`id`) ON DELETE SET NULL,
    ADD CONSTRAINT `account_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL;

ALTER TABLE `accrual`
    ADD CONSTRAINT `accrual_referral_term_term` FOREIGN KEY (`term_id`) REFERENCES `referral_term` (`id`) ON DELETE NO ACTION;

ALTER TABLE `conversion`
    ADD CONSTRAINT `conversion_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION;

ALTER TABLE `earning_day`
    ADD CONSTRAINT `earning_day_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION;

ALTER TABLE `invoice`
    ADD CONSTRAINT `invoice_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION;

ALTER TABLE `invoice_line`
    ADD CONSTRAINT `invoice_line_invoice_invoice` FOREIGN KEY (`invoice_id`) REFERENCES `invoice` (`id`) ON DELETE NO ACTION;

ALTER TABLE `network`
    ADD CONSTRAINT `network_commission_structure_referral_structure` FOREIGN KEY (`referral_structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL;

ALTER TABLE `partner`
    ADD CONSTRAINT `partner_network_network` FOREIGN KEY (`network_id`) REFERENCES `network` (`id`) ON DELETE NO ACTION,
    ADD CONSTRAINT `partner_commission_structure_referral_structure` FOREIGN KEY (`referral_structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL,
    ADD CONSTRAINT `partner_account_manager` FOREIGN KEY (`manager_id`) REFERENCES `account` (`id`) ON DELETE SET NULL;

ALTER TABLE `partner_status`
    ADD CONSTRAINT `partner_status_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION;

ALTER TABLE `referral`
    ADD CONSTRAINT `referral_partner_referrer` FOREIGN KEY (`referrer_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION,
    ADD CONSTRAINT `referral_partner_referred` FOREIGN KEY (`referred_id`) REFERENCES `partner` (`id`) ON DELETE NO ACTION;

ALTER TABLE `referral_term`
    ADD CONSTRAINT `referral_term_referral_referral` FOREIGN KEY (`referral_id`) REFERENCES `referral` (`id`) ON DELETE NO ACTION,
    ADD CONSTRAINT `referral_term_commission_structure_structure` FOREIGN KEY (`structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE NO ACTION;

ALTER TABLE `token`
    ADD CONSTRAINT `token_account_account` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE NO ACTION;
