-- +goose Up
CREATE INDEX `conversion_earning_day_id` ON `conversion` (`earning_day_id`);
