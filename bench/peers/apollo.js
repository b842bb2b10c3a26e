// Apollo Server on Fastify, and Drizzle; what takes part in every request is prepared once.
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import fastifyApollo from '@as-integrations/fastify';
import { and, asc, count, eq, gt, inArray, ne, or, sql } from 'drizzle-orm';
import { bigint, boolean, customType, datetime, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import Fastify from 'fastify';
import { createPool } from 'mysql2';

import { poolOptions, prepare, retried } from './pool.js';
import { contextOf, resolvers, typeDefs } from './resolvers.js';

export async function serve(at, connections, port) {
  const store = new Store(at, connections);
  const apollo = new ApolloServer({ typeDefs, resolvers, plugins: [ApolloServerPluginCacheControlDisabled()], includeStacktraceInErrorResponses: false });
  await apollo.start();
  const app = Fastify({ bodyLimit: 16 << 20 });
  await app.register(fastifyApollo(apollo), { context: (request) => contextOf(store, request.headers.authorization) });
  await app.listen({ host: '127.0.0.1', port });
}

const number = (name) => bigint(name, { mode: 'number' });
const moment = (name) => datetime(name, { mode: 'string', fsp: 6 });
const text = (name) => varchar(name, { length: 1055 });
const bytes = customType({ dataType: () => 'varbinary(255)', fromDriver: String });
const sums = () => ({ conversions: number('conversions'), revenue: number('revenue'), payout: number('payout') });

const token = mysqlTable('token', {
  id: number('id'), hash: bytes('hash'), accountId: number('account_id'), expiresAt: moment('expires_at'), revokedAt: moment('revoked_at'), lastUsedAt: moment('last_used_at'),
});
const account = mysqlTable('account', {
  id: number('id'), name: text('name'), role: text('role'), networkId: number('network_id'), partnerId: number('partner_id'),
});
const network = mysqlTable('network', {
  id: number('id'), currency: text('currency'), timeZone: text('time_zone'), signUpPage: text('sign_up_page'),
  referralEnabled: boolean('referral_enabled'), structure: number('referral_structure_id'),
});
const partner = mysqlTable('partner', {
  id: number('id'), networkId: number('network_id'), name: text('name'), searchText: text('search_text'), status: text('status'), approvedAt: moment('approved_at'),
  manager: number('manager_id'), referredBy: number('referred_by_id'), referralMode: text('referral_mode'), structure: number('referral_structure_id'),
  referralCode: bytes('referral_code'),
});
const partnerStatus = mysqlTable('partner_status', {
  networkId: number('network_id'), partnerId: number('partner_id'), status: text('status'), since: moment('since'), until: moment('until'),
});
const structure = mysqlTable('commission_structure', {
  id: number('id'), type: text('type'), amount: number('amount'), rate: number('rate'), basis: text('basis'), minimumEarnings: number('minimum_earnings'),
  durationValue: number('duration_value'), durationUnit: text('duration_unit'),
});
const referral = mysqlTable('referral', {
  id: number('id'), networkId: number('network_id'), referrerId: number('referrer_id'), referredId: number('referred_id'),
  startedAt: moment('started_at'), endedAt: moment('ended_at'),
});
const term = mysqlTable('referral_term', {
  id: number('id'), referralId: number('referral_id'), referredDate: moment('referred_date'), windowEndsAt: moment('window_ends_at'), stoppedAt: moment('stopped_at'),
});
const gate = mysqlTable('gate', { networkId: number('network_id'), stripe: number('stripe'), passes: number('passes') });
const accrual = mysqlTable('accrual', {
  id: number('id').autoincrement().primaryKey(), networkId: number('network_id'), termId: number('term_id'), day: int('day'), slot: number('slot'), lineId: number('line_id'),
  ...sums(), fee: number('fee'),
});
const termMonth = mysqlTable('term_month', {
  networkId: number('network_id'), month: int('month'), termId: number('term_id'), lineId: number('line_id'), ...sums(), fee: number('fee'),
});
const earningDay = mysqlTable('earning_day', {
  id: number('id').autoincrement().primaryKey(), networkId: number('network_id'), partnerId: number('partner_id'), day: int('day'), slot: number('slot'), lineId: number('line_id'), ...sums(),
});
const conversion = mysqlTable('conversion', {
  networkId: number('network_id'), externalId: bytes('external_id'), partnerId: number('partner_id'), occurredAt: moment('occurred_at'), recordedAt: moment('recorded_at'),
  revenue: number('revenue'), payout: number('payout'), reason: text('reason'), day: int('day'), accrualId: number('accrual_id'), earningDayId: number('earning_day_id'),
});

const shownOfPartner = {
  id: partner.id, name: partner.name, status: partner.status, approvedAt: partner.approvedAt, manager: partner.manager, referredBy: partner.referredBy,
  referralMode: partner.referralMode, structure: partner.structure, referralCode: partner.referralCode,
};

// written is a statement by hand, with its values.
const written = (statement, values) => sql.join(statement.split('?').flatMap((part, i) => i < values.length ? [sql.raw(part), sql`${values[i]}`] : [sql.raw(part)]));

class Store {
  constructor(at, connections) {
    this.pool = createPool(poolOptions(at, connections));
    this.pool.on('connection', prepare);
    this.db = drizzle(this.pool);
    this.byHash = this.db.select({
      token: token.id, expiresAt: token.expiresAt, revokedAt: token.revokedAt, lastUsedAt: token.lastUsedAt,
      role: account.role, name: account.name, partner: account.partnerId, network,
    }).from(token).innerJoin(account, eq(account.id, token.accountId)).innerJoin(network, eq(network.id, account.networkId))
      .where(eq(token.hash, sql.placeholder('hash'))).prepare();
  }

  async raw(statement, values) {
    const [rows] = await this.db.execute(written(statement, values));
    return rows;
  }

  async signIn(hash) {
    const [found] = await this.byHash.execute({ hash });
    return found;
  }

  noteUse(id, lastUsedAt) { return this.db.update(token).set({ lastUsedAt }).where(eq(token.id, id)); }

  partners(ids) { return this.db.select(shownOfPartner).from(partner).where(inArray(partner.id, ids)); }

  accounts(ids) { return this.db.select({ id: account.id, name: account.name }).from(account).where(inArray(account.id, ids)); }

  structures(ids) { return this.db.select().from(structure).where(inArray(structure.id, ids)); }

  referralsMade(ids) {
    return this.db.select({ referrer: referral.referrerId, count: count() }).from(referral).where(inArray(referral.referrerId, ids)).groupBy(referral.referrerId);
  }

  async countPartners(of, filter) {
    const [found] = await this.db.select({ count: count() }).from(partner).where(narrowed(of, filter));
    return found.count;
  }

  pageOfPartners(of, filter, place, size) {
    const behind = place ? or(gt(partner.name, place[0]), and(eq(partner.name, place[0]), gt(partner.id, place[1]))) : undefined;
    return this.db.select(shownOfPartner).from(partner).where(and(narrowed(of, filter), behind)).orderBy(asc(partner.name), asc(partner.id)).limit(size);
  }

  transact(work) {
    return retried(() => this.db.transaction((db) => work(new Transaction(db))));
  }
}

const narrowed = (of, { search, status, manager, referredBy, mode }) => and(
  eq(partner.networkId, of),
  search ? sql`instr(${partner.searchText}, ${search.toLowerCase()}) > 0` : undefined,
  status?.length ? inArray(partner.status, status) : undefined,
  manager != null ? eq(partner.manager, manager) : undefined,
  referredBy != null ? eq(partner.referredBy, referredBy) : undefined,
  mode ? eq(partner.referralMode, mode) : undefined,
);

// rowsAStatement is how many rows one INSERT has: what builds it takes longer the more there are.
const rowsAStatement = 1000;

const added = Object.fromEntries(['conversions', 'revenue', 'payout'].map((column) => [column, sql.raw(`${column} + values(${column})`)]));

class Transaction {
  constructor(db) { this.db = db; }

  async raw(statement, values) {
    const [rows] = await this.db.execute(written(statement, values));
    return rows;
  }

  run(statement, values) { return this.raw(statement, values); }

  pass(of, stripe) { return this.db.update(gate).set({ passes: sql`${gate.passes} + 1` }).where(and(eq(gate.networkId, of), eq(gate.stripe, stripe))); }

  known(of, externalIds) {
    return this.db.select({
      externalId: conversion.externalId, partner: conversion.partnerId, occurredAt: conversion.occurredAt, revenue: conversion.revenue, payout: conversion.payout,
    }).from(conversion).where(and(eq(conversion.networkId, of), inArray(conversion.externalId, externalIds)));
  }

  histories(of, partners) {
    return this.db.select({
      partner: partner.id, referral: referral.id, referrer: referral.referrerId, startedAt: referral.startedAt, endedAt: referral.endedAt,
      term: term.id, referredDate: term.referredDate, windowEndsAt: term.windowEndsAt, stoppedAt: term.stoppedAt,
    }).from(partner).leftJoin(referral, eq(referral.referredId, partner.id)).leftJoin(term, eq(term.referralId, referral.id))
      .where(and(eq(partner.networkId, of), inArray(partner.id, partners))).orderBy(asc(partner.id), asc(referral.id), asc(term.referredDate));
  }

  pauses(of, referrers) {
    return this.db.select({ partner: partnerStatus.partnerId, since: partnerStatus.since, until: partnerStatus.until }).from(partnerStatus)
      .where(and(eq(partnerStatus.networkId, of), ne(partnerStatus.status, 'ACTIVE'), inArray(partnerStatus.partnerId, referrers)));
  }

  async insert(table, rows, set) {
    for (let i = 0; i < rows.length; i += rowsAStatement) {
      const insert = this.db.insert(table).values(rows.slice(i, i + rowsAStatement));
      await (set ? insert.onDuplicateKeyUpdate({ set }) : insert);
    }
  }

  addAccruals(networkId, cells) {
    return this.insert(accrual, cells.map(({ owner, ...cell }) => ({ ...cell, networkId, termId: owner, slot: 0, lineId: 0, fee: 0 })), added);
  }

  addMonths(networkId, cells) {
    return this.insert(termMonth, cells.map(({ owner, day, ...sums }) => ({ ...sums, networkId, month: day, termId: owner, lineId: 0, fee: 0 })), added);
  }

  addEarnings(networkId, cells) {
    return this.insert(earningDay, cells.map(({ owner, ...cell }) => ({ ...cell, networkId, partnerId: owner, slot: 0, lineId: 0 })), added);
  }

  accrualIds(owners) { return this.ids(accrual, accrual.termId, owners); }

  earningIds(owners) { return this.ids(earningDay, earningDay.partnerId, owners); }

  ids(table, owner, owners) {
    return this.db.select({ id: table.id, owner, day: table.day }).from(table)
      .where(and(eq(table.slot, 0), or(...[...owners].map(([day, ids]) => and(eq(table.day, day), inArray(owner, ids))))));
  }

  insertConversions(rows) {
    return this.insert(conversion, rows.map((r) => ({
      networkId: r.network, externalId: r.externalId, partnerId: r.partner, occurredAt: r.occurredAt, recordedAt: r.recordedAt,
      revenue: r.revenue, payout: r.payout, reason: '', day: r.day, accrualId: r.accrual, earningDayId: r.earning,
    })));
  }
}
