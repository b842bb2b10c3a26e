// Mercurius on Fastify with its just-in-time compiler, and SQL by hand through mysql2: statements are prepared once a
// connection, and rows inserted many at a time.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import mysql from 'mysql2/promise';

import { poolOptions, prepare, retried } from './pool.js';
import { contextOf, resolvers, typeDefs } from './resolvers.js';

export async function serve(at, connections, port) {
  const store = new Store(at, connections);
  const app = Fastify({ bodyLimit: 16 << 20 });
  app.register(mercurius, {
    schema: typeDefs, resolvers, jit: 1, graphiql: false,
    context: (request) => contextOf(store, request.headers.authorization),
  });
  await app.listen({ host: '127.0.0.1', port });
}

const list = (values) => values.map(() => '?').join(', ');

const partnerColumns = `p.id, p.name, p.status, p.approved_at AS approvedAt, p.manager_id AS manager, p.referred_by_id AS referredBy,
  p.referral_mode AS referralMode, p.referral_structure_id AS structure, p.referral_code AS referralCode`;

class Store {
  constructor(at, connections) {
    this.pool = mysql.createPool(poolOptions(at, connections));
    this.pool.pool.on('connection', prepare);
  }

  async raw(statement, values) {
    const [rows] = await this.pool.execute(statement, values);
    return rows;
  }

  async signIn(hash) {
    const [found] = await this.raw(`
      SELECT t.id, t.expires_at, t.revoked_at, t.last_used_at, a.role, a.name, a.partner_id, n.id AS network_id, n.currency, n.time_zone,
        n.sign_up_page, n.referral_enabled, n.referral_structure_id
      FROM token t JOIN account a ON a.id = t.account_id JOIN network n ON n.id = a.network_id WHERE t.hash = ?`, [hash]);
    return found && {
      token: found.id, expiresAt: found.expires_at, revokedAt: found.revoked_at, lastUsedAt: found.last_used_at,
      role: found.role, name: found.name, partner: found.partner_id,
      network: {
        id: found.network_id, currency: found.currency, timeZone: found.time_zone, signUpPage: found.sign_up_page,
        referralEnabled: Boolean(found.referral_enabled), structure: found.referral_structure_id,
      },
    };
  }

  noteUse(token, moment) { return this.raw('UPDATE token SET last_used_at = ? WHERE id = ?', [moment, token]); }

  partners(ids) { return this.raw(`SELECT ${partnerColumns} FROM partner p WHERE p.id IN (${list(ids)})`, [...ids]); }

  accounts(ids) { return this.raw(`SELECT id, name FROM account WHERE id IN (${list(ids)})`, [...ids]); }

  structures(ids) {
    return this.raw(`SELECT id, type, amount, rate, basis, minimum_earnings AS minimumEarnings, duration_value AS durationValue, duration_unit AS durationUnit
      FROM commission_structure WHERE id IN (${list(ids)})`, [...ids]);
  }

  referralsMade(ids) {
    return this.raw(`SELECT referrer_id AS referrer, COUNT(*) AS count FROM referral WHERE referrer_id IN (${list(ids)}) GROUP BY referrer_id`, [...ids]);
  }

  async countPartners(network, filter) {
    const where = new Where(network, filter);
    const [found] = await this.raw(`SELECT COUNT(*) AS count FROM partner p WHERE ${where.text}`, where.values);
    return found.count;
  }

  pageOfPartners(network, filter, place, size) {
    const where = new Where(network, filter);
    if (place) where.add('(p.name > ? OR (p.name = ? AND p.id > ?))', place[0], place[0], place[1]);
    return this.raw(`SELECT ${partnerColumns} FROM partner p WHERE ${where.text} ORDER BY p.name, p.id LIMIT ?`, [...where.values, size]);
  }

  transact(work) {
    return retried(async () => {
      const connection = await this.pool.getConnection();
      try {
        await connection.beginTransaction();
        const result = await work(new Transaction(connection));
        await connection.commit();
        return result;
      } catch (error) {
        await connection.rollback();
        throw error;
      } finally {
        connection.release();
      }
    });
  }
}

class Where {
  constructor(network, { search, status, manager, referredBy, mode }) {
    this.conditions = ['p.network_id = ?'];
    this.values = [network];
    if (search) this.add('INSTR(p.search_text, ?) > 0', search.toLowerCase());
    if (status?.length) this.add(`p.status IN (${list(status)})`, ...status);
    if (manager != null) this.add('p.manager_id = ?', manager);
    if (referredBy != null) this.add('p.referred_by_id = ?', referredBy);
    if (mode) this.add('p.referral_mode = ?', mode);
  }

  add(condition, ...values) {
    this.conditions.push(condition);
    this.values.push(...values);
  }

  get text() { return this.conditions.join(' AND '); }
}

class Transaction {
  constructor(connection) { this.connection = connection; }

  async raw(statement, values) {
    const [rows] = await this.connection.execute(statement, values);
    return rows;
  }

  run(statement, values) { return this.raw(statement, values); }

  async query(statement, values) {
    const [rows] = await this.connection.query(statement, values);
    return rows;
  }

  pass(network, stripe) { return this.connection.execute('UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe = ?', [network, stripe]); }

  known(network, externalIds) {
    return this.query(`SELECT CAST(external_id AS CHAR) AS externalId, partner_id AS partner, occurred_at AS occurredAt, revenue, payout FROM conversion
      WHERE network_id = ? AND external_id IN (?)`, [network, externalIds]);
  }

  histories(network, partners) {
    return this.query(`SELECT p.id AS partner, r.id AS referral, r.referrer_id AS referrer, r.started_at AS startedAt, r.ended_at AS endedAt,
        t.id AS term, t.referred_date AS referredDate, t.window_ends_at AS windowEndsAt, t.stopped_at AS stoppedAt
      FROM partner p LEFT JOIN referral r ON r.referred_id = p.id LEFT JOIN referral_term t ON t.referral_id = r.id
      WHERE p.network_id = ? AND p.id IN (?) ORDER BY p.id, r.id, t.referred_date`, [network, partners]);
  }

  pauses(network, referrers) {
    return this.query(`SELECT partner_id AS partner, since, until FROM partner_status
      WHERE network_id = ? AND status <> 'ACTIVE' AND partner_id IN (?)`, [network, referrers]);
  }

  addAccruals(network, cells) {
    if (cells.length === 0) return undefined;
    return this.query(`INSERT INTO accrual (network_id, term_id, day, slot, line_id, conversions, revenue, payout, fee) VALUES ?
      ON DUPLICATE KEY UPDATE conversions = conversions + VALUES(conversions), revenue = revenue + VALUES(revenue), payout = payout + VALUES(payout)`,
    [cells.map((c) => [network, c.owner, c.day, 0, 0, c.conversions, c.revenue, c.payout, 0])]);
  }

  addMonths(network, cells) {
    if (cells.length === 0) return undefined;
    return this.query(`INSERT INTO term_month (network_id, month, term_id, line_id, conversions, revenue, payout, fee) VALUES ?
      ON DUPLICATE KEY UPDATE conversions = conversions + VALUES(conversions), revenue = revenue + VALUES(revenue), payout = payout + VALUES(payout)`,
    [cells.map((c) => [network, c.day, c.owner, 0, c.conversions, c.revenue, c.payout, 0])]);
  }

  addEarnings(network, cells) {
    return this.query(`INSERT INTO earning_day (network_id, partner_id, day, slot, line_id, conversions, revenue, payout) VALUES ?
      ON DUPLICATE KEY UPDATE conversions = conversions + VALUES(conversions), revenue = revenue + VALUES(revenue), payout = payout + VALUES(payout)`,
    [cells.map((c) => [network, c.owner, c.day, 0, 0, c.conversions, c.revenue, c.payout])]);
  }

  accrualIds(owners) { return this.ids('accrual', 'term_id', owners); }

  earningIds(owners) { return this.ids('earning_day', 'partner_id', owners); }

  ids(table, owner, owners) {
    const days = [...owners].map(() => `(day = ? AND ${owner} IN (?))`).join(' OR ');
    return this.query(`SELECT id, ${owner} AS owner, day FROM ${table} WHERE slot = 0 AND (${days})`, [...owners].flat());
  }

  insertConversions(rows) {
    return this.query(`INSERT INTO conversion (network_id, external_id, partner_id, occurred_at, recorded_at, revenue, payout, reason, day, accrual_id, earning_day_id) VALUES ?`,
      [rows.map((r) => [r.network, r.externalId, r.partner, r.occurredAt, r.recordedAt, r.revenue, r.payout, '', r.day, r.accrual, r.earning])]);
  }
}
