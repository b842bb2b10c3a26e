-- +goose Up
ALTER TABLE `invoice_line` ADD COLUMN `referred_name` text NOT NULL DEFAULT '';
UPDATE `invoice_line` SET `referred_name` = (SELECT `name` FROM `partner` WHERE `partner`.`id` = `referred_id`) WHERE `referred_id` IS NOT NULL;
