ALTER TABLE `network` ADD COLUMN `next_change_at` datetime NULL;
CREATE INDEX `network_next_change_at` ON `network` (`next_change_at`);

CREATE TABLE `dated_change` (
    `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    `network_id` integer NOT NULL,
    `effective_on` integer NOT NULL,
    `effective_at` datetime NOT NULL,
    `status` text NOT NULL DEFAULT ('PENDING'),
    `enabled` text NULL,
    `mode` text NULL,
    `changes_structure` bool NOT NULL,
    `apply_to` text NOT NULL,
    `revive_expired` bool NOT NULL,
    `disable_custom` bool NOT NULL,
    `reason` text NOT NULL DEFAULT (''),
    `asked_at` datetime NOT NULL,
    `asked_by_id` integer NULL,
    `asked_by` text NOT NULL,
    `asked_as` text NOT NULL,
    `terms_closed` integer NULL,
    `terms_opened` integer NULL,
    `referrals_left_expired` integer NULL,
    `partner_id` integer NULL,
    `structure_id` integer NULL,
    CONSTRAINT `dated_change_partner_partner` FOREIGN KEY (`partner_id`) REFERENCES `partner` (`id`) ON DELETE SET NULL,
    CONSTRAINT `dated_change_commission_structure_structure` FOREIGN KEY (`structure_id`) REFERENCES `commission_structure` (`id`) ON DELETE SET NULL
);
CREATE INDEX `datedchange_network_id_status_effective_at` ON `dated_change` (`network_id`, `status`, `effective_at`);
CREATE INDEX `datedchange_partner_id_status` ON `dated_change` (`partner_id`, `status`);
