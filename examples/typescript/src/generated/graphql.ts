/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** How often a partner is invoiced (rule I1). */
export type BillingFrequency =
  /** On the 1st and the 16th. */
  | 'BIMONTHLY'
  /** Only when named. */
  | 'MANUAL'
  /** Each month. */
  | 'MONTHLY'
  /** Every three months. */
  | 'QUARTERLY'
  /** Every two months. */
  | 'TWO_MONTHS'
  /** Each week, from Monday. */
  | 'WEEKLY';

/** An absent field leaves things as they are; null clears them. */
export type BillingInput = {
  /** How often. */
  frequency?: BillingFrequency | null | undefined;
  /** Whether its invoices are hidden from the partner. */
  hideInvoices?: boolean | null | undefined;
  /** From 0, at most the currency's minor unit; null: none. */
  invoiceThreshold?: string | null | undefined;
  /** From 0 to 365. */
  paymentTermsDays?: number | null | undefined;
};

/** Where a row of the report stands now (rule P1). */
export type CommissionState =
  /** The term is open; what the referred partner generated has not reached the minimum (rule C3). */
  | 'BELOW_THRESHOLD'
  /** The term is open and what it earns is payable. */
  | 'EARNING'
  /** The referral was removed, or its setting pays nothing any more. */
  | 'ENDED'
  /** The duration ran out. */
  | 'EXPIRED'
  /** It pays what was granted for days that the rules pay nobody for. */
  | 'GRANTED'
  /** The term is open, but the referrer is not ACTIVE: it does not earn (rule T6). */
  | 'PAUSED'
  /** The structure changed; the next row goes on (rule T2). */
  | 'SUPERSEDED'
  /** The referral is tracked without a commission (rule A7). */
  | 'TRACKED';

/** A new partner. */
export type CreatePartnerInput = {
  /** How it is invoiced; monthly, due in 30 days, where left out. */
  billing?: BillingInput | null | undefined;
  /** An e-mail address. */
  email?: string | null | undefined;
  /** The account that manages it; a LIMITED manager's partners are its own where left out. */
  manager?: string | number | null | undefined;
  /** 1 to 200 characters. */
  name: string;
  /** The referrer (rule A5). */
  referredBy?: string | number | null | undefined;
  /** PENDING or ACTIVE. */
  status?: PartnerStatus | null | undefined;
};

/** Where a partner stands with the network. */
export type PartnerStatus =
  /** Approved. */
  | 'ACTIVE'
  /** Not working with the network for now. */
  | 'INACTIVE'
  /** Signed up, not decided on. */
  | 'PENDING'
  /** Not accepted. */
  | 'REJECTED'
  /** Held back by the network. */
  | 'SUSPENDED';

export type RowFragment = { id: string, state: CommissionState, balance: string | null, unbilled: string, referred: { id: string, name: string }, structure: { summary: string } | null } & { ' $fragmentName'?: 'RowFragment' };

export type MyEarningsQueryVariables = Exact<{
  from: string;
  to: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type MyEarningsQuery = { viewer: { partner: { id: string, name: string, referralReport: { currency: string, totals: { rows: number, balance: string, unbilled: string }, rows: { pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ ' $fragmentRefs'?: { 'RowFragment': RowFragment } }> } } } | null } };

export type CreateMutationVariables = Exact<{
  input: CreatePartnerInput;
}>;


export type CreateMutation = { createPartner: { partner: { id: string } } };

export type SwitchQueryVariables = Exact<{ [key: string]: never; }>;


export type SwitchQuery = { network: { referralSettings: { enabled: boolean } } };

export const RowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Row"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReferralReportRow"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"referred"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"structure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"summary"}}]}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"balance"}},{"kind":"Field","name":{"kind":"Name","value":"unbilled"}}]}}]} as unknown as DocumentNode<RowFragment, unknown>;
export const MyEarningsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"MyEarnings"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"from"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"to"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Date"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"partner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"referralReport"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"from"},"value":{"kind":"Variable","name":{"kind":"Name","value":"from"}}},{"kind":"Argument","name":{"kind":"Name","value":"to"},"value":{"kind":"Variable","name":{"kind":"Name","value":"to"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"currency"}},{"kind":"Field","name":{"kind":"Name","value":"totals"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"rows"}},{"kind":"Field","name":{"kind":"Name","value":"balance"}},{"kind":"Field","name":{"kind":"Name","value":"unbilled"}}]}},{"kind":"Field","name":{"kind":"Name","value":"rows"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Row"}}]}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Row"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReferralReportRow"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"referred"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"structure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"summary"}}]}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"balance"}},{"kind":"Field","name":{"kind":"Name","value":"unbilled"}}]}}]} as unknown as DocumentNode<MyEarningsQuery, MyEarningsQueryVariables>;
export const CreateDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Create"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreatePartnerInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createPartner"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"partner"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<CreateMutation, CreateMutationVariables>;
export const SwitchDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Switch"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"network"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"referralSettings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"enabled"}}]}}]}}]}}]} as unknown as DocumentNode<SwitchQuery, SwitchQueryVariables>;