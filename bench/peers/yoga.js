// GraphQL Yoga on Node's HTTP server, and Kysely.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { Kysely, MysqlDialect, sql } from 'kysely';
import { createPool } from 'mysql2';

import { poolOptions, prepare, retried } from './pool.js';
import { contextOf, resolvers, typeDefs } from './resolvers.js';

export async function serve(at, connections, port) {
  const store = new Store(at, connections);
  const yoga = createYoga({
    schema: createSchema({ typeDefs, resolvers }),
    graphiql: false, landingPage: false, logging: false, multipart: false,
    context: ({ request }) => contextOf(store, request.headers.get('authorization')),
  });
  await new Promise((resolve) => { createServer(yoga).listen(port, '127.0.0.1', resolve); });
}

const partnerColumns = [
  'p.id', 'p.name', 'p.status', 'p.approved_at as approvedAt', 'p.manager_id as manager', 'p.referred_by_id as referredBy',
  'p.referral_mode as referralMode', 'p.referral_structure_id as structure', 'p.referral_code as referralCode',
];

// written is a statement by hand, with its values.
const written = (statement, values) => sql(statement.split('?'), ...values);

class Store {
  constructor(at, connections) {
    const pool = createPool(poolOptions(at, connections));
    pool.on('connection', prepare);
    this.db = new Kysely({ dialect: new MysqlDialect({ pool }) });
  }

  async raw(statement, values) { return (await written(statement, values).execute(this.db)).rows; }

  async signIn(hash) {
    const found = await this.db.selectFrom('token as t').innerJoin('account as a', 'a.id', 't.account_id').innerJoin('network as n', 'n.id', 'a.network_id')
      .select([
        't.id', 't.expires_at', 't.revoked_at', 't.last_used_at', 'a.role', 'a.name', 'a.partner_id', 'n.id as network_id', 'n.currency', 'n.time_zone',
        'n.sign_up_page', 'n.referral_enabled', 'n.referral_structure_id',
      ]).where('t.hash', '=', hash).executeTakeFirst();
    return found && {
      token: found.id, expiresAt: found.expires_at, revokedAt: found.revoked_at, lastUsedAt: found.last_used_at,
      role: found.role, name: found.name, partner: found.partner_id,
      network: {
        id: found.network_id, currency: found.currency, timeZone: found.time_zone, signUpPage: found.sign_up_page,
        referralEnabled: Boolean(found.referral_enabled), structure: found.referral_structure_id,
      },
    };
  }

  noteUse(token, moment) { return this.db.updateTable('token').set({ last_used_at: moment }).where('id', '=', token).execute(); }

  partners(ids) { return this.db.selectFrom('partner as p').select(partnerColumns).where('p.id', 'in', ids).execute(); }

  accounts(ids) { return this.db.selectFrom('account').select(['id', 'name']).where('id', 'in', ids).execute(); }

  structures(ids) {
    return this.db.selectFrom('commission_structure').select([
      'id', 'type', 'amount', 'rate', 'basis', 'minimum_earnings as minimumEarnings', 'duration_value as durationValue', 'duration_unit as durationUnit',
    ]).where('id', 'in', ids).execute();
  }

  referralsMade(ids) {
    return this.db.selectFrom('referral').select(['referrer_id as referrer', ({ fn }) => fn.countAll().as('count')])
      .where('referrer_id', 'in', ids).groupBy('referrer_id').execute();
  }

  narrowed(network, { search, status, manager, referredBy, mode }) {
    return this.db.selectFrom('partner as p').where('p.network_id', '=', network)
      .$if(Boolean(search), (q) => q.where(sql`instr(p.search_text, ${search?.toLowerCase()}) > 0`))
      .$if(Boolean(status?.length), (q) => q.where('p.status', 'in', status))
      .$if(manager != null, (q) => q.where('p.manager_id', '=', manager))
      .$if(referredBy != null, (q) => q.where('p.referred_by_id', '=', referredBy))
      .$if(Boolean(mode), (q) => q.where('p.referral_mode', '=', mode));
  }

  async countPartners(network, filter) {
    const { count } = await this.narrowed(network, filter).select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
    return count;
  }

  pageOfPartners(network, filter, place, size) {
    return this.narrowed(network, filter).select(partnerColumns)
      .$if(place != null, (q) => q.where((eb) => eb.or([
        eb('p.name', '>', place[0]), eb.and([eb('p.name', '=', place[0]), eb('p.id', '>', place[1])]),
      ])))
      .orderBy('p.name').orderBy('p.id').limit(size).execute();
  }

  transact(work) {
    return retried(() => this.db.transaction().execute((db) => work(new Transaction(db))));
  }
}

// rowsAStatement is how many rows one INSERT has: what builds it takes longer the more there are.
const rowsAStatement = 1000;

const added = (...columns) => Object.fromEntries(columns.map((column) => [column, sql`${sql.ref(column)} + values(${sql.ref(column)})`]));

class Transaction {
  constructor(db) { this.db = db; }

  async raw(statement, values) { return (await written(statement, values).execute(this.db)).rows; }

  async run(statement, values) {
    const { numAffectedRows, insertId } = await written(statement, values).execute(this.db);
    return { affectedRows: Number(numAffectedRows), insertId: Number(insertId) };
  }

  pass(network, stripe) {
    return this.db.updateTable('gate').set((eb) => ({ passes: eb('passes', '+', 1) })).where('network_id', '=', network).where('stripe', '=', stripe).execute();
  }

  known(network, externalIds) {
    return this.db.selectFrom('conversion')
      .select([sql`cast(external_id as char)`.as('externalId'), 'partner_id as partner', 'occurred_at as occurredAt', 'revenue', 'payout'])
      .where('network_id', '=', network).where('external_id', 'in', externalIds).execute();
  }

  histories(network, partners) {
    return this.db.selectFrom('partner as p').leftJoin('referral as r', 'r.referred_id', 'p.id').leftJoin('referral_term as t', 't.referral_id', 'r.id')
      .select([
        'p.id as partner', 'r.id as referral', 'r.referrer_id as referrer', 'r.started_at as startedAt', 'r.ended_at as endedAt',
        't.id as term', 't.referred_date as referredDate', 't.window_ends_at as windowEndsAt', 't.stopped_at as stoppedAt',
      ])
      .where('p.network_id', '=', network).where('p.id', 'in', partners).orderBy('p.id').orderBy('r.id').orderBy('t.referred_date').execute();
  }

  pauses(network, referrers) {
    return this.db.selectFrom('partner_status').select(['partner_id as partner', 'since', 'until'])
      .where('network_id', '=', network).where('status', '!=', 'ACTIVE').where('partner_id', 'in', referrers).execute();
  }

  async insert(table, rows, added) {
    for (let i = 0; i < rows.length; i += rowsAStatement) {
      const insert = this.db.insertInto(table).values(rows.slice(i, i + rowsAStatement));
      await (added ? insert.onDuplicateKeyUpdate(added) : insert).execute();
    }
  }

  addAccruals(network, cells) {
    return this.insert('accrual', cells.map((c) => ({
      network_id: network, term_id: c.owner, day: c.day, slot: 0, line_id: 0, conversions: c.conversions, revenue: c.revenue, payout: c.payout, fee: 0,
    })), added('conversions', 'revenue', 'payout'));
  }

  addMonths(network, cells) {
    return this.insert('term_month', cells.map((c) => ({
      network_id: network, month: c.day, term_id: c.owner, line_id: 0, conversions: c.conversions, revenue: c.revenue, payout: c.payout, fee: 0,
    })), added('conversions', 'revenue', 'payout'));
  }

  addEarnings(network, cells) {
    return this.insert('earning_day', cells.map((c) => ({
      network_id: network, partner_id: c.owner, day: c.day, slot: 0, line_id: 0, conversions: c.conversions, revenue: c.revenue, payout: c.payout,
    })), added('conversions', 'revenue', 'payout'));
  }

  accrualIds(owners) { return this.ids('accrual', 'term_id', owners); }

  earningIds(owners) { return this.ids('earning_day', 'partner_id', owners); }

  ids(table, owner, owners) {
    return this.db.selectFrom(table).select(['id', `${owner} as owner`, 'day']).where('slot', '=', 0)
      .where((eb) => eb.or([...owners].map(([day, ids]) => eb.and([eb('day', '=', day), eb(owner, 'in', ids)])))).execute();
  }

  insertConversions(rows) {
    return this.insert('conversion', rows.map((r) => ({
      network_id: r.network, external_id: r.externalId, partner_id: r.partner, occurred_at: r.occurredAt, recorded_at: r.recordedAt,
      revenue: r.revenue, payout: r.payout, reason: '', day: r.day, accrual_id: r.accrual, earning_day_id: r.earning,
    })));
  }
}
