ALTER TABLE `partner`
    ADD INDEX `partner_network_id_name` (`network_id`, `name`);

ALTER TABLE `referral`
    ADD INDEX `referral_referrer_id_network_id` (`referrer_id`, `network_id`);

ALTER TABLE `referral`
    DROP INDEX `referral_referrer_id`;
