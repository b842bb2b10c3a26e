-- A term that another follows is superseded from that one's Referred Date on: that is said once, by the one that follows. What
-- else closes a term is written with it. The first column takes its name at once: a program of before, to which a superseded
-- term would be an open one, can read no term any more.
ALTER TABLE `referral_term`
    RENAME COLUMN `closed_at` TO `stopped_at`;

UPDATE `referral_term` SET `stopped_at` = NULL, `close_reason` = NULL WHERE `close_reason` = 'SUPERSEDED';

ALTER TABLE `referral_term`
    CHANGE COLUMN `close_reason` `stop_reason` enum('REFERRAL_ENDED','SETTING_ENDED','REVOKED') NULL;
