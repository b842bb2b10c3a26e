-- A page of the referral report, with the totals of all its rows: the rules of docs/rules.md in one statement. Each
-- invoice line is rounded by itself and what is on none yet once; what waits for a threshold counts apart; a referral
-- that ended has no Balance. What supersedes the terms of the page comes with it. {sums} and {referrals} say whose, {order} and {limit} which rows.
WITH counted AS (
	SELECT a.term_id, a.line_id, SUM(a.conversions) AS conversions, SUM(a.revenue) AS revenue, SUM(a.payout) AS payout, SUM(a.fee) AS fee
	FROM {sums} BETWEEN ? AND ? GROUP BY a.term_id, a.line_id
), earned AS (
	SELECT t.id AS term_id, c.line_id, c.conversions,
		CASE s.basis WHEN 'REVENUE' THEN c.revenue WHEN 'PROFIT' THEN c.revenue - c.payout ELSE c.payout END AS basis_amount,
		CASE s.type WHEN 'FLAT_FEE' THEN ROUND(c.fee * 0.000001, ?) ELSE
			ROUND(CASE s.basis WHEN 'REVENUE' THEN c.revenue WHEN 'PROFIT' THEN c.revenue - c.payout ELSE c.payout END * s.rate * 0.00000000000001, ?) END AS amount
	FROM counted c JOIN referral_term t ON t.id = c.term_id JOIN commission_structure s ON s.id = t.structure_id
), summed AS (
	SELECT term_id, SUM(conversions) AS conversions, SUM(basis_amount) AS basis_amount,
		SUM(CASE WHEN line_id > 0 THEN amount ELSE 0 END) AS billed, SUM(CASE WHEN line_id = 0 THEN amount ELSE 0 END) AS open
	FROM earned GROUP BY term_id
), terms AS (
	SELECT r.id AS referral_id, r.referrer_id, r.referred_id, r.started_at, r.ended_at, r.latest_term_id, t.id AS term_id, t.structure_id, t.referred_date,
		t.window_ends_at, t.stopped_at, t.stop_reason, s.basis, s.minimum_earnings,
		COALESCE(c.conversions, 0) AS conversions, COALESCE(c.basis_amount, 0) AS basis_amount, COALESCE(c.billed, 0) AS billed, COALESCE(c.open, 0) AS open,
		CASE WHEN s.minimum_earnings IS NOT NULL THEN COALESCE((
			SELECT SUM(CASE s.basis WHEN 'REVENUE' THEN m.revenue WHEN 'PROFIT' THEN m.revenue - m.payout ELSE m.payout END)
			FROM referral_term earlier JOIN term_month m ON m.term_id = earlier.id
			WHERE earlier.referral_id = t.referral_id AND earlier.referred_date <= t.referred_date
		), 0) END AS progress
	FROM referral r LEFT JOIN referral_term t ON t.referral_id = r.id LEFT JOIN commission_structure s ON s.id = t.structure_id
	LEFT JOIN summed c ON c.term_id = t.id
	WHERE {referrals}
), amounts AS (
	SELECT terms.*, minimum_earnings IS NULL OR progress >= minimum_earnings AS reached,
		CASE WHEN minimum_earnings IS NULL OR progress >= minimum_earnings THEN open ELSE 0 END AS unbilled,
		CASE WHEN minimum_earnings IS NULL OR progress >= minimum_earnings THEN 0 ELSE open END AS below_threshold
	FROM terms
), shown AS (
	SELECT amounts.*, CASE WHEN ended_at IS NULL THEN billed + unbilled END AS balance FROM amounts
)
SELECT a.referral_id, a.term_id, a.referrer_id, a.referred_id, a.structure_id, a.started_at, a.ended_at, a.referred_date, a.window_ends_at,
	a.stopped_at, a.stop_reason, a.conversions, a.basis_amount, a.billed, a.balance, a.unbilled, a.below_threshold,
	a.minimum_earnings, a.progress, a.reached, referrer.name AS referrer_name, referrer.status AS referrer_status,
	referred.name AS referred_name, referred.status AS referred_status,
	COUNT(*) OVER () AS total_rows, SUM(a.conversions) OVER () AS total_conversions, SUM(a.billed) OVER () AS total_billed,
	SUM(COALESCE(a.balance, 0)) OVER () AS total_balance, SUM(a.unbilled) OVER () AS total_unbilled, SUM(a.below_threshold) OVER () AS total_below_threshold,
	following.referred_date AS followed_at
FROM shown a JOIN partner referrer ON referrer.id = a.referrer_id JOIN partner referred ON referred.id = a.referred_id
LEFT JOIN referral_term following ON a.term_id <> a.latest_term_id AND following.referral_id = a.referral_id AND following.previous_id = a.term_id
ORDER BY {order}, a.referral_id, a.term_id LIMIT {limit}
