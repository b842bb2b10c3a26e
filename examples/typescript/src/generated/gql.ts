/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  fragment Row on ReferralReportRow {\n    id\n    referred { id name }\n    structure { summary }\n    state\n    balance\n    unbilled\n  }\n": typeof types.RowFragmentDoc,
    "\n  query MyEarnings($from: Date!, $to: Date!, $first: Int, $after: String) {\n    viewer {\n      partner {\n        id\n        name\n        referralReport(from: $from, to: $to) {\n          currency\n          totals { rows balance unbilled }\n          rows(first: $first, after: $after) {\n            pageInfo { hasNextPage endCursor }\n            nodes { ...Row }\n          }\n        }\n      }\n    }\n  }\n": typeof types.MyEarningsDocument,
    "\n    mutation Create($input: CreatePartnerInput!) {\n      createPartner(input: $input) { partner { id } }\n    }\n  ": typeof types.CreateDocument,
    "query Switch { network { referralSettings { enabled } } }": typeof types.SwitchDocument,
};
const documents: Documents = {
    "\n  fragment Row on ReferralReportRow {\n    id\n    referred { id name }\n    structure { summary }\n    state\n    balance\n    unbilled\n  }\n": types.RowFragmentDoc,
    "\n  query MyEarnings($from: Date!, $to: Date!, $first: Int, $after: String) {\n    viewer {\n      partner {\n        id\n        name\n        referralReport(from: $from, to: $to) {\n          currency\n          totals { rows balance unbilled }\n          rows(first: $first, after: $after) {\n            pageInfo { hasNextPage endCursor }\n            nodes { ...Row }\n          }\n        }\n      }\n    }\n  }\n": types.MyEarningsDocument,
    "\n    mutation Create($input: CreatePartnerInput!) {\n      createPartner(input: $input) { partner { id } }\n    }\n  ": types.CreateDocument,
    "query Switch { network { referralSettings { enabled } } }": types.SwitchDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Row on ReferralReportRow {\n    id\n    referred { id name }\n    structure { summary }\n    state\n    balance\n    unbilled\n  }\n"): (typeof documents)["\n  fragment Row on ReferralReportRow {\n    id\n    referred { id name }\n    structure { summary }\n    state\n    balance\n    unbilled\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MyEarnings($from: Date!, $to: Date!, $first: Int, $after: String) {\n    viewer {\n      partner {\n        id\n        name\n        referralReport(from: $from, to: $to) {\n          currency\n          totals { rows balance unbilled }\n          rows(first: $first, after: $after) {\n            pageInfo { hasNextPage endCursor }\n            nodes { ...Row }\n          }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query MyEarnings($from: Date!, $to: Date!, $first: Int, $after: String) {\n    viewer {\n      partner {\n        id\n        name\n        referralReport(from: $from, to: $to) {\n          currency\n          totals { rows balance unbilled }\n          rows(first: $first, after: $after) {\n            pageInfo { hasNextPage endCursor }\n            nodes { ...Row }\n          }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n    mutation Create($input: CreatePartnerInput!) {\n      createPartner(input: $input) { partner { id } }\n    }\n  "): (typeof documents)["\n    mutation Create($input: CreatePartnerInput!) {\n      createPartner(input: $input) { partner { id } }\n    }\n  "];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Switch { network { referralSettings { enabled } } }"): (typeof documents)["query Switch { network { referralSettings { enabled } } }"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;