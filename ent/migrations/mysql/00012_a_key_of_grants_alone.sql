-- The key has the name that it has on SQLite, where it changes.
ALTER TABLE `referral_term`
    RENAME INDEX `grant_id` TO `referralterm_grant_id`;
