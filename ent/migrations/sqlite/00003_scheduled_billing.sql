-- +goose Up
DROP INDEX `accrual_line_id`;
CREATE INDEX `accrual_line_id_term_id_day` ON `accrual` (`line_id`, `term_id`, `day`);
DROP INDEX `earningday_line_id`;
CREATE INDEX `earningday_line_id_partner_id_day` ON `earning_day` (`line_id`, `partner_id`, `day`);
ALTER TABLE `network` ADD COLUMN `billing_by` text NOT NULL DEFAULT ('');
ALTER TABLE `network` ADD COLUMN `billing_beat` integer NOT NULL DEFAULT (0);
CREATE INDEX `network_time_zone_billed_through` ON `network` (`time_zone`, `billed_through`);
