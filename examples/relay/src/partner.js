// Fragments as a portal built with Relay has them. relay-compiler reads the documents, checks them against the schema, and
// writes one artefact for each into generated.
import { graphql } from 'relay-runtime'

export const Partners = graphql`
  query partnerPartnersQuery($first: Int!, $after: String) {
    network {
      id
      ...partnerList_network @arguments(first: $first, after: $after)
    }
  }
`

/** A list that grows by pages: Relay keeps them in one connection, and asks for the next by the network's id. */
export const PartnerList = graphql`
  fragment partnerList_network on Network
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "partnerListPageQuery") {
    partners(first: $first, after: $after) @connection(key: "partnerList_partners") {
      edges {
        node {
          id
          ...partnerCard_partner
        }
      }
    }
  }
`

/** One partner, asked anew by its id alone. */
export const PartnerCard = graphql`
  fragment partnerCard_partner on Partner
  @argumentDefinitions(made: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "partnerCardRefetchQuery") {
    name
    status
    version
    referralSetting {
      mode
      effective {
        id
        summary
      }
    }
    referralsMade(first: $made, after: $after) @connection(key: "partnerCard_referralsMade") {
      edges {
        node {
          id
          status
          referred {
            id
            name
          }
        }
      }
    }
  }
`
