ALTER TABLE `gate`
    ADD COLUMN `reserved_until` datetime NULL;
