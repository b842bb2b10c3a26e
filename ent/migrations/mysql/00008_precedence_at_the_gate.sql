ALTER TABLE `gate`
    ADD COLUMN `reserved_until` datetime(6) NULL;
