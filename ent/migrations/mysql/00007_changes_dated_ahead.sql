ALTER TABLE `network`
    ADD COLUMN `next_change_at` datetime(6) NULL;

ALTER TABLE `network`
    ADD INDEX `network_next_change_at` (`next_change_at`);

CREATE TABLE `dated_change` (
    `id` bigint NOT NULL AUTO_INCREMENT,
    `network_id` bigint NOT NULL,
    `effective_on` int NOT NULL,
    `effective_at` datetime(6) NOT NULL,
    `status` enum('PENDING','IN_EFFECT','TAKEN_BACK') NOT NULL DEFAULT 'PENDING',
    `enabled` enum('ON','OFF') NULL,
    `mode` enum('INHERIT','DISABLED','CUSTOM') NULL,
    `changes_structure` bool NOT NULL,
    `apply_to` enum('ALL','NEW_REFERRALS') NOT NULL,
    `revive_expired` bool NOT NULL,
    `disable_custom` bool NOT NULL,
    `reason` varchar(1000) NOT NULL DEFAULT '',
    `asked_at` datetime(6) NOT NULL,
    `asked_by_id` bigint NULL,
    `asked_by` varchar(255) NOT NULL,
    `asked_as` varchar(255) NOT NULL,
    `terms_closed` bigint NULL,
    `terms_opened` bigint NULL,
    `referrals_left_expired` bigint NULL,
    `partner_id` bigint NULL,
    `structure_id` bigint NULL,
    PRIMARY KEY (`id`),
    INDEX `datedchange_network_id_status_effective_at` (`network_id`, `status`, `effective_at`),
    INDEX `datedchange_partner_id_status` (`partner_id`, `status`),
    CONSTRAINT `dated_change_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL,
    CONSTRAINT `dated_change_commission_structure_structure` FOREIGN KEY (`structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
