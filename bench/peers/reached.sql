-- What the referred partners of terms with a minimum generated, day by day, over the term and the referral's earlier ones:
-- the day on which it reached the minimum, to stay there, is found by adding up. {terms} is a list of placeholders.
SELECT t.id AS term_id, s.minimum_earnings, s.basis, a.day, SUM(a.revenue) AS revenue, SUM(a.payout) AS payout
FROM referral_term t
JOIN commission_structure s ON s.id = t.structure_id AND s.minimum_earnings IS NOT NULL
JOIN referral_term earlier ON earlier.referral_id = t.referral_id AND earlier.referred_date <= t.referred_date
JOIN accrual a ON a.term_id = earlier.id
WHERE t.id IN ({terms})
GROUP BY t.id, s.minimum_earnings, s.basis, a.day ORDER BY t.id, a.day
