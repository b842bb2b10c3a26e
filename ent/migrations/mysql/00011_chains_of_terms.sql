-- The terms that settings opened are a chain: each says which it follows, none is followed by two, and the referral says
-- which is the latest. That keeps one at a time open as a unique key of the open ones did. But an entry of that key was taken
-- away and put in again at each change of settings, which InnoDB can do only slowly within one transaction.
--
-- The old column takes another name first: a program of before can then open and close no term any more.
ALTER TABLE `referral_term`
    RENAME COLUMN `open_key` TO `former_open_key`;

ALTER TABLE `referral`
    ADD COLUMN `latest_term_id` bigint NULL;

-- By it a change of settings finds what it writes of the network, in the order of the table.
ALTER TABLE `referral`
    ADD INDEX `referral_network_id` (`network_id`);

ALTER TABLE `referral_term`
    ADD COLUMN `previous_id` bigint NULL;

UPDATE `referral_term` t JOIN (
    SELECT `id`, COALESCE(LAG(`id`) OVER (PARTITION BY `referral_id` ORDER BY `former_open_key` IS NOT NULL, `referred_date`, `id`), 0) AS `follows`
    FROM `referral_term` WHERE `grant_id` IS NULL
) chain ON chain.`id` = t.`id` SET t.`previous_id` = chain.`follows`;

ALTER TABLE `referral_term`
    ADD UNIQUE INDEX `referralterm_referral_id_previous_id` (`referral_id`, `previous_id`);

UPDATE `referral` r JOIN `referral_term` t ON t.`referral_id` = r.`id`
    LEFT JOIN `referral_term` following ON following.`referral_id` = t.`referral_id` AND following.`previous_id` = t.`id`
    SET r.`latest_term_id` = t.`id` WHERE t.`grant_id` IS NULL AND following.`id` IS NULL;

ALTER TABLE `referral_term`
    DROP INDEX `referralterm_referral_id_referred_date`;

ALTER TABLE `referral_term`
    DROP INDEX `open_key`;

ALTER TABLE `referral_term`
    DROP COLUMN `former_open_key`;

-- This format keeps room for values that are yet to come: a term is closed in its place, in half the time that it takes
-- to move a row which grows.
ALTER TABLE `referral_term`
    ROW_FORMAT = REDUNDANT;
