CREATE INDEX `partner_network_id_name` ON `partner` (`network_id`, `name`);
DROP INDEX `referral_referrer_id`;
CREATE INDEX `referral_referrer_id_network_id` ON `referral` (`referrer_id`, `network_id`);
