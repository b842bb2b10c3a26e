-- Nearly all terms are of no grant. SQLite took the key for the shortest way to those of a referral, and went through all terms
-- there are, for each one whose threshold it measured.
DROP INDEX `referral_term_grant_id_key`;
CREATE UNIQUE INDEX `referralterm_grant_id` ON `referral_term` (`grant_id`) WHERE grant_id IS NOT NULL;
