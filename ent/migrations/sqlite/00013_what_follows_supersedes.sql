-- A term that another follows is superseded from that one's Referred Date on: that is said once, by the one that follows. What
-- else closes a term is written with it.
ALTER TABLE `referral_term`
    RENAME COLUMN `closed_at` TO `stopped_at`;

ALTER TABLE `referral_term`
    RENAME COLUMN `close_reason` TO `stop_reason`;

UPDATE `referral_term` SET `stopped_at` = NULL, `stop_reason` = NULL WHERE `stop_reason` = 'SUPERSEDED';
