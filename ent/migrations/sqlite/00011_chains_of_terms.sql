-- The terms that settings opened are a chain: each says which it follows, none is followed by two, and the referral says
-- which is the latest. That keeps one at a time open as a unique key of the open ones did.
ALTER TABLE `referral`
    ADD COLUMN `latest_term_id` integer NULL;

CREATE INDEX `referral_network_id` ON `referral` (`network_id`);

ALTER TABLE `referral_term`
    ADD COLUMN `previous_id` integer NULL;

UPDATE `referral_term` SET `previous_id` = chain.`follows` FROM (
    SELECT `id`, COALESCE(LAG(`id`) OVER (PARTITION BY `referral_id` ORDER BY `open_key` IS NOT NULL, `referred_date`, `id`), 0) AS `follows`
    FROM `referral_term` WHERE `grant_id` IS NULL
) AS chain WHERE chain.`id` = `referral_term`.`id`;

CREATE UNIQUE INDEX `referralterm_referral_id_previous_id` ON `referral_term` (`referral_id`, `previous_id`);

UPDATE `referral` SET `latest_term_id` = (
    SELECT t.`id` FROM `referral_term` t WHERE t.`referral_id` = `referral`.`id` AND t.`grant_id` IS NULL AND NOT EXISTS (
        SELECT 1 FROM `referral_term` following WHERE following.`referral_id` = t.`referral_id` AND following.`previous_id` = t.`id`
    )
);

DROP INDEX `referralterm_referral_id_referred_date`;
DROP INDEX `referral_term_open_key_key`;
ALTER TABLE `referral_term`
    DROP COLUMN `open_key`;
