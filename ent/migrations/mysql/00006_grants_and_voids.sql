ALTER TABLE `conversion`
    ADD COLUMN `grant_id` bigint NULL;

ALTER TABLE `referral_term`
    MODIFY COLUMN `close_reason` enum('SUPERSEDED','REFERRAL_ENDED','SETTING_ENDED','REVOKED') NULL,
    ADD COLUMN `grant_id` bigint NULL;

ALTER TABLE `referral_term`
    ADD UNIQUE INDEX `grant_id` (`grant_id`);

CREATE TABLE `commission_void` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `from_day` int NOT NULL,
    `to_day` int NOT NULL,
    `reason` varchar(1000) NOT NULL,
    `voided_at` datetime(6) NOT NULL,
    `voided_by` varchar(255) NOT NULL,
    `conversions` bigint NOT NULL,
    `amount` bigint NOT NULL,
    `term_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    INDEX `commissionvoid_network_id` (`network_id`),
    INDEX `commissionvoid_term_id` (`term_id`),
    CONSTRAINT `commission_void_referral_term_term` FOREIGN KEY (`term_id`) REFERENCES `referral_term` (`id`) ON DELETE NO ACTION
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE `retroactive_grant` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `structure_id` bigint NOT NULL,
    `from_day` int NOT NULL,
    `to_day` int NOT NULL,
    `maximum` bigint NOT NULL,
    `reason` varchar(1000) NOT NULL,
    `status` enum('PROPOSED','DECLINED','GRANTED','REVOKED') NOT NULL,
    `conversions` bigint NOT NULL DEFAULT 0,
    `amount` bigint NOT NULL,
    `proposed_at` datetime(6) NULL,
    `proposed_by` varchar(255) NOT NULL DEFAULT '',
    `granted_at` datetime(6) NULL,
    `granted_by` varchar(255) NOT NULL DEFAULT '',
    `ended_at` datetime(6) NULL,
    `ended_by` varchar(255) NOT NULL DEFAULT '',
    `end_reason` varchar(1000) NOT NULL DEFAULT '',
    `referral_id` bigint NOT NULL,
    PRIMARY KEY (`id`),
    INDEX `retroactivegrant_network_id` (`network_id`),
    INDEX `retroactivegrant_referral_id` (`referral_id`),
    CONSTRAINT `retroactive_grant_referral_referral` FOREIGN KEY (`referral_id`) REFERENCES `referral` (`id`) ON DELETE NO ACTION
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
