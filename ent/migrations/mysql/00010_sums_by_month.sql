-- What each term counted is kept by calendar month and invoice line, and no longer in one sum of all its days. The old
-- table goes first: a program that still adds to it can then record nothing that the new one would lack.
DROP TABLE `term_total`;

-- The sums of all accruals of one term, calendar month and line_id. A month is 12 x year + month - 1. The table is not
-- among ent's, which know no key of several columns: it lies in the order of its key, in which reports sweep it.
CREATE TABLE `term_month` (
    `network_id` bigint NOT NULL,
    `month` int NOT NULL,
    `term_id` bigint NOT NULL,
    `line_id` bigint NOT NULL,
    `conversions` bigint NOT NULL,
    `revenue` bigint NOT NULL,
    `payout` bigint NOT NULL,
    `fee` bigint NOT NULL,
    PRIMARY KEY (`network_id`, `month`, `term_id`, `line_id`),
    INDEX `term_month_term_id_month` (`term_id`, `month`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO `term_month` (`network_id`, `month`, `term_id`, `line_id`, `conversions`, `revenue`, `payout`, `fee`)
    SELECT `network_id`, 12 * YEAR(FROM_DAYS(`day` + 719528)) + MONTH(FROM_DAYS(`day` + 719528)) - 1 AS `its_month`,
        `term_id`, `line_id`, SUM(`conversions`), SUM(`revenue`), SUM(`payout`), SUM(`fee`)
    FROM `accrual` GROUP BY `network_id`, `its_month`, `term_id`, `line_id`;
