-- +goose Up

ALTER TABLE `conversion`
    ADD INDEX `conversion_earning_day_id` (`earning_day_id`);
