// A change of a network's settings: the terms that are open close, and new ones open, in bulk. What is left out is
// durations, CUSTOM partners that are to be disabled, and conversions that were reported ahead of their time.
import { exact, now, refuse } from './values.js';

// changeSettings changes the switch and the Global Setting, and tells what that did.
export async function changeSettings(store, viewer, input) {
  const { network } = viewer;
  const structure = input.structure && structureOf(input.structure);
  return store.transact(async (tx) => {
    await tx.run('UPDATE gate SET passes = passes + 1 WHERE network_id = ?', [network.id]);
    const [before] = await tx.raw(`SELECT referral_enabled AS enabled, referral_settings_version AS version, referral_structure_id AS structure, changed_at AS changedAt
      FROM network WHERE id = ?`, [network.id]);
    if (before.version !== input.version) throw refuse('CONFLICT', `the settings are at version ${before.version}`, 'version');
    const at = await after(before.changedAt);
    const enabled = input.enabled ?? Boolean(before.enabled);
    const structureId = input.structure === undefined ? before.structure : structure && await intern(tx, network.id, structure, at);
    const [was, is] = [before.enabled ? before.structure : null, enabled ? structureId : null];
    const impact = { termsClosed: 0, termsOpened: 0, referralsLeftExpired: 0, network };
    if (was !== is) await repay(tx, network.id, is, at, impact);
    if (enabled === Boolean(before.enabled) && structureId === before.structure) return { enabled, structure: structureId, version: before.version, impact };
    await tx.run(`UPDATE network SET referral_enabled = ?, referral_structure_id = ?, referral_settings_version = referral_settings_version + 1,
      referral_settings_updated_at = ?, referral_settings_updated_by = ?, changed_at = ? WHERE id = ?`, [enabled, structureId, at, viewer.name, at, network.id]);
    await tx.run(`INSERT INTO audit_event (network_id, at, actor_name, actor_role, action, subject_type, subject_id, subject_name, reason, changes)
      VALUES (?, ?, ?, ?, 'updateReferralSettings', 'Network', ?, '', ?, ?)`, [network.id, at, viewer.name, viewer.role, network.id, input.reason ?? '',
      JSON.stringify([{ field: 'referralStructureId', before: before.structure, after: structureId }])]);
    return { enabled, structure: structureId, version: before.version + 1, impact };
  });
}

function structureOf({ commission: { flatFee, percentage }, minimumEarnings, duration }) {
  if (duration) throw refuse('BAD_USER_INPUT', 'is not built here', 'structure.duration');
  const minimum = minimumEarnings ?? null;
  const from = minimum == null ? '' : ` from ${exact(minimum, 0)}`;
  return flatFee
    ? { canonical: `flat ${exact(flatFee.amount, 0)}${from}`, type: 'FLAT_FEE', amount: flatFee.amount, rate: null, basis: null, minimum }
    : { canonical: `${exact(percentage.rate, 0)}% ${percentage.basis}${from}`, type: 'PERCENTAGE', amount: null, rate: percentage.rate, basis: percentage.basis, minimum };
}

async function intern(tx, network, { canonical, type, amount, rate, basis, minimum }, at) {
  const [known] = await tx.raw('SELECT id FROM commission_structure WHERE network_id = ? AND canonical = ?', [network, canonical]);
  if (known) return known.id;
  const { insertId } = await tx.run(`INSERT INTO commission_structure (network_id, canonical, type, amount, rate, basis, minimum_earnings, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [network, canonical, type, amount, rate, basis, minimum, at]);
  return insertId;
}

// inheriting is a condition on r, a referral: its referrer inherits. Those who do not are few, and named: else each statement
// looks up the referrer of each referral.
async function inheriting(tx, network) {
  const others = await tx.raw('SELECT id FROM partner WHERE network_id = ? AND referral_mode <> \'INHERIT\'', [network]);
  return others.length === 0 ? '1 = 1' : `r.referrer_id NOT IN (${others.map(({ id }) => Number(id)).join()})`;
}

const running = '(t.window_ends_at IS NULL OR t.window_ends_at > ?)';

// Without the hint MariaDB goes through the referrals of all networks, and waits for what other changes have locked.
const referrals = 'referral r FORCE INDEX (PRIMARY, referral_network_id, referral_referrer_id_network_id)';

async function repay(tx, network, structure, at, impact) {
  const which = `r.network_id = ? AND r.active_key IS NOT NULL AND ${await inheriting(tx, network)}`;
  const [open] = await tx.raw(`SELECT COUNT(CASE WHEN t.structure_id <> ? AND ${running} THEN 1 END) AS ending, COUNT(CASE WHEN NOT ${running} THEN 1 END) AS expired
    FROM referral r JOIN referral_term t ON t.id = r.latest_term_id WHERE t.stopped_at IS NULL AND ${which}`, [structure ?? 0, at, at, network]);
  [impact.termsClosed, impact.referralsLeftExpired] = [Number(open.ending), Number(open.expired)];
  if (structure == null) {
    await tx.run(`UPDATE ${referrals} STRAIGHT_JOIN referral_term t ON t.id = r.latest_term_id SET t.stopped_at = ?, t.stop_reason = 'SETTING_ENDED'
      WHERE t.stopped_at IS NULL AND ${running} AND ${which}`, [at, at, network]);
    return;
  }
  impact.termsOpened = (await tx.run(`INSERT INTO referral_term (network_id, referral_id, structure_id, referred_date, previous_id)
    SELECT r.network_id, r.id, ?, ?, COALESCE(r.latest_term_id, 0) FROM referral r LEFT JOIN referral_term t ON t.id = r.latest_term_id
    WHERE (t.id IS NULL OR t.stopped_at IS NOT NULL OR t.structure_id <> ? AND ${running}) AND ${which}`, [structure, at, structure, at, network])).affectedRows;
  await tx.run(`UPDATE ${referrals} STRAIGHT_JOIN referral_term t ON t.referral_id = r.id AND t.previous_id = COALESCE(r.latest_term_id, 0)
    SET r.latest_term_id = t.id WHERE ${which}`, [network]);
}

// after is a moment behind another: a network's time never runs backwards.
async function after(moment) {
  let at = now();
  for (; at <= moment; at = now()) await new Promise((resolve) => { setTimeout(resolve, 1); });
  return at;
}
