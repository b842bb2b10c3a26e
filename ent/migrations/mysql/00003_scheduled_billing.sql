-- +goose Up

ALTER TABLE `accrual`
    DROP INDEX `accrual_line_id`,
    ADD INDEX `accrual_line_id_term_id_day` (`line_id`, `term_id`, `day`);

ALTER TABLE `earning_day`
    DROP INDEX `earningday_line_id`,
    ADD INDEX `earningday_line_id_partner_id_day` (`line_id`, `partner_id`, `day`);

ALTER TABLE `network`
    ADD COLUMN `billing_by` varchar(255) NOT NULL DEFAULT '',
    ADD COLUMN `billing_beat` bigint NOT NULL DEFAULT 0,
    ADD INDEX `network_time_zone_billed_through` (`time_zone`, `billed_through`);
