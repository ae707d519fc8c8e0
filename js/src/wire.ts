// Written by types.js from the server's own description (/openapi.json). Do not edit:
// go test ./js -run Types -update
import type { Quantity } from "./quantity.js"

export interface paths {
    "/api/billing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything a front end shows */
        get: operations["getBilling"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check an amount or a feature */
        post: operations["checkOwn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/create-checkout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin to buy
         * @description Send one of priceSlug, priceId and planId.
         */
        post: operations["createCheckout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live balances
         * @description Server-sent events. balances carries {"balances": […]}: at once, and within a second of every change. end says that the stream ends as intended: expired, or gone when the customer was erased. A stream lasts up to 15 minutes.
         */
        get: operations["watchBalances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments
         * @description Newest first.
         */
        get: operations["listOwnPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/stripe/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open the billing portal */
        post: operations["openStripePortal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open the billing portal */
        post: operations["openOwnPortal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List subscriptions
         * @description The current one first.
         */
        get: operations["listOwnSubscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subscriptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Cancel a subscription
         * @description It ends with its period.
         */
        delete: operations["cancelOwnSubscription"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subscriptions/{id}/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change a subscription
         * @description Send one of priceSlug, priceId and planId.
         */
        post: operations["changeOwnSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Statistics of a meter */
        get: operations["getOwnUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record usage, from a server
         * @description Checks and records as POST /v1/consume does. It takes a secret key of the scope record, and no customer token: whoever sits before a browser can leave the request out or change its amount.
         */
        post: operations["recordUsageEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/stripe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive Stripe's webhooks
         * @description For Stripe, which signs what it sends. The event is kept once and answered; what it means is read from Stripe a moment later. A signature that is wrong, missing or older than five minutes answers 400.
         */
        post: operations["stripeWebhookAlias"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as a page */
        get: operations["docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive? */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as OpenAPI 3.1 */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Can it serve?
         * @description 200 when the database answers, 503 when it does not.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the catalog
         * @description The catalog in force, as JSON with its defaults filled in. With Accept: application/yaml, the document as its author wrote it.
         */
        get: operations["getCatalog"];
        /**
         * Publish a catalog
         * @description Reads the document, YAML or JSON, and puts it in force as a new version. The answer lists what changed. A document with mistakes is refused with every problem, its line, its column and what to write instead. One without changes publishes nothing.
         */
        put: operations["publishCatalog"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check an amount or a feature
         * @description Says whether the customer may use an amount of a meter, or a feature, at this moment; it writes nothing and promises nothing about the next. Only consume and holds decide. An amount that is not covered answers 200 with allowed false; a feature that the plan does not include answers 403 feature_not_in_plan, also with allowed false.
         */
        post: operations["check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checkout-sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open a checkout
         * @description Makes a visit to Stripe's page, where the customer buys a plan's price or a top-up, or saves a card. Send the customer to url. Who has a live subscription is answered 409: change it instead. So is who is paying for one at this moment, and of checkouts for plans that are opened at once each but the last, for only one can be paid.
         */
        post: operations["openCheckout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checkout-sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a checkout
         * @description For the page that the customer comes back to: what was bought is true here before this answers.
         */
        get: operations["readCheckout"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Consume: check and record as one act
         * @description Either the balance covers the amount and the usage is durably recorded, or it is refused with 402 and nothing is written. No number of parallel calls spends a unit twice.
         *
         *     A transactionId counts once, for ever: send the same request again after a timeout, and the first answer comes back with duplicate set to true. With record set to true the usage has already happened and is never refused.
         */
        post: operations["consume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List customers
         * @description A page of customers, oldest first. Ask for the next page with after set to the page's next.
         */
        get: operations["listCustomers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a customer */
        get: operations["getCustomer"];
        /**
         * Create or change a customer
         * @description Creates the customer on the default plan, or changes the one that is there. Safe to repeat: calls that arrive together make one customer. Fields that are not sent stay as they are; {} is enough.
         *
         *     plan and timezone decide on what the customer may use: they need a key of scope full.
         */
        put: operations["putCustomer"];
        post?: never;
        /**
         * Erase a customer
         * @description Removes, for good, what names or describes the customer: the externalId, name, email, metadata and the properties of its events. The ledger stays, under a number nobody can look up, so that totals do not change. Who has a live subscription is answered 409: cancel it first, for it would go on and be billed. Stripe is told nothing: delete the customer there afterwards.
         */
        delete: operations["eraseCustomer"];
        options?: never;
        head?: never;
        /**
         * Change a customer
         * @description Changes a customer that is there. Metadata is merged key by key; a null value removes its key.
         *
         *     plan and timezone decide on what the customer may use: they need a key of scope full.
         */
        patch: operations["patchCustomer"];
        trace?: never;
    };
    "/v1/customers/{externalId}/adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Correct usage by hand
         * @description kind refund forgives usage of the running window: its units go back to what paid. kind deduction takes units as usage. kind bonus grants units. Without a kind, an amount below 0 is a refund and one above 0 a bonus. The header Idempotency-Key stands in for a transactionId that is not sent.
         */
        post: operations["adjustUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/balances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a customer's balances
         * @description Every balance that the plan includes or that the customer has used or been granted, in the order of their slugs.
         */
        get: operations["listBalances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/balances/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a balance
         * @description What is left of a meter or a credits pool, now or as it was at a past instant.
         */
        get: operations["getBalance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the ledger of a balance
         * @description A page of ledger lines, newest first. The amounts of all lines add up to the balance. Ask for the next page with cursor set to the page's next.
         */
        get: operations["listEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/events/{transactionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Void an event
         * @description Undoes usage: its units return to the very allowance and grants that paid for it. The transactionId stays used. Voiding twice answers as the first time.
         */
        delete: operations["voidEvent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/explain/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain a balance
         * @description The balance down to the grants and events that made it, in sentences a support person can read.
         */
        get: operations["explainBalance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Grant units
         * @description Gives the customer units of a balance on top of its plan. Units of a meter that the plan pays from a credits pool wait until a plan pays from them: grant units of the pool. With an id, a retry grants nothing more; the header Idempotency-Key stands in for an id that is not sent. Without either every call is a new grant.
         */
        post: operations["grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a customer's invoices
         * @description Newest first.
         */
        get: operations["listInvoices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/limit-adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a customer's limit adjustments
         * @description Oldest first, with those that are over or were removed.
         */
        get: operations["listLimitAdjustments"];
        put?: never;
        /**
         * Move a customer's limit
         * @description one_time moves the limit from startDate to endDate; recurring moves the limit of every window that overlaps them, and without endDate lasts until it is removed. Below 0 the amount lowers the limit. Send either balance or meter. The header Idempotency-Key stands in for an id that is not sent.
         */
        post: operations["addLimitAdjustment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/limits/{meter}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a customer's limit
         * @description What the customer's plan gives now, with the limit adjustments that move it.
         */
        get: operations["getCustomerLimit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a customer's payments
         * @description Newest first, with what was refunded. A top-up that a promotion code made free is one of 0, with the id of its checkout.
         */
        get: operations["listPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/reportable-usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what is billed by use
         * @description For the period that was paid for: what Stripe has been told of each meter, and what it has yet to be told.
         */
        get: operations["listReportableUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset usage
         * @description What the running window has used begins again at 0, and its allowance is whole again but for open holds. Send either balance or meter. The window ends when it would have. The header Idempotency-Key stands in for an id that is not sent.
         */
        post: operations["resetUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a customer's subscriptions
         * @description The one that counts, as Stripe last said; none for who never subscribed. Should others live beside it, they follow: they are paid for and give nothing, so cancel them.
         */
        get: operations["listSubscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a customer token
         * @description A short-lived token with which a page speaks for this one customer, and no other, on the app routes under /api. It lasts 15 minutes when expiresIn is not sent, 24 hours at most, and ends when its customer is erased. Its actions are read, check, checkout and manage; read and check when not sent. It never records usage, grants, adjusts or refunds: what a browser sends, its user can change. Make it on your server, for the user you have signed in.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{externalId}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Statistics of a meter
         * @description What a meter's usage came to over a span, as a whole and cut by the hour, day, week or month of any time zone, net of voids and refunds, by the time it happened. average, max and min are those of byPeriod. current, limit, remaining and isUnlimited are the balance that pays, as it is now. With a property, groups has the same for each of its values.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/debug": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Log a customer's acts
         * @description This process logs every act of the customer, or of all with *, for a while: what was asked, the terms, what paid, the balance before and after. Properties are never logged.
         */
        put: operations["debug"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a batch of usage
         * @description Up to 1,000 usage facts, each decided by itself: data[i] answers events[i] with its own status, as consume would. The facts of one customer are decided in their order. The events may also be sent as a bare JSON array.
         */
        post: operations["sendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/grants/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a grant
         * @description Takes back what is left of a grant; what was spent stays spent. Revoking twice answers as the first time.
         */
        post: operations["revokeGrant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hold units
         * @description Sets units aside: they leave the balance now, so that a capture of up to as much cannot be refused. A hold that is neither captured nor released expires, after 24 hours unless expiresIn says otherwise. While it is open nothing else can use its transactionId. The header Idempotency-Key stands in for a transactionId that is not sent.
         */
        post: operations["hold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{id}/capture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Capture a hold
         * @description Turns the hold into usage: all of it, a part (the rest goes back), or more than it when the balance covers the rest. Without an amount all of it is captured.
         */
        post: operations["captureHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release a hold
         * @description Lets the hold go: its units return to where they came from.
         */
        post: operations["releaseHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/limit-adjustments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a limit adjustment
         * @description Ends it now. It stays in the list. Removing twice answers as the first time.
         */
        delete: operations["removeLimitAdjustment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund a payment
         * @description Gives money back, all that is left without an amount. What the payment had bought is taken back in proportion, as far as it is not spent. The header Idempotency-Key stands in for an id that is not sent.
         */
        post: operations["refundPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans/{slug}/limits/{meter}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a plan's limit
         * @description What a plan gives of a meter or a credits pool. A meter that a pool pays for answers with the pool's limit, and says so in balance.
         */
        get: operations["getPlanLimit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/portal-sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open the billing portal
         * @description Makes a visit to Stripe's portal: cards, invoices, cancellation. 404 for who never bought anything.
         */
        post: operations["openPortal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List prices
         * @description Every price and top-up of the catalog, with the amount last synced, for display.
         */
        get: operations["listPrices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prices/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Sync a price
         * @description Stores the amount that a price has at Stripe, for display. An amount as of an earlier moment than the one stored changes nothing.
         */
        put: operations["syncPrice"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a subscription
         * @description At the end of its period, or now with when set to now.
         */
        post: operations["cancelSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change a subscription
         * @description To another price or quantity. A dearer one counts at once and its difference is paid at once; a cheaper one counts from the next renewal on; when says otherwise. A card that does not pay leaves everything as it was. A subscription that is to end still does: at the end of the period that the change begins, if it begins one.
         */
        post: operations["changeSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a subscription
         * @description Renewals are not billed, and give nothing, until it is resumed.
         */
        post: operations["pauseSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview a change
         * @description What the change would cost, and what it would give. Send at along with the change, so that it costs the same.
         */
        post: operations["previewChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a subscription
         * @description Takes a planned cancellation or a pause back.
         */
        post: operations["resumeSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/subscriptions/{id}/upcoming": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Preview the next renewal */
        get: operations["upcomingInvoice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Statistics of many customers
         * @description The statistics of up to 20 meters of up to 100 customers, by customer and meter. Without a timezone they are counted in the catalog's.
         */
        post: operations["getUsageBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage/top": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who and what is used most
         * @description The customers of a meter by its total, or all meters by their events. Spans are widened to whole quarters of an hour.
         */
        get: operations["getUsageTop"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/stripe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive Stripe's webhooks
         * @description For Stripe, which signs what it sends. The event is kept once and answered; what it means is read from Stripe a moment later. A signature that is wrong, missing or older than five minutes answers 400.
         */
        post: operations["stripeWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Adjusted: {
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /** @description The event that a refund or a deduction left. */
            event?: components["schemas"]["Event"];
            /** @description The grant that a bonus made. */
            grant?: components["schemas"]["Lot"];
            /** @description refund, bonus or deduction. */
            kind: string;
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason: string;
        };
        AdjustmentRequest: {
            /** @description Above 0 with a kind. Without one, below 0 is a refund and above 0 a bonus. */
            amount: Quantity;
            /** @description refund, bonus or deduction; by the sign of the amount when not sent. */
            kind?: string;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description A JSON object of your own, up to 16 KiB; the reason is added to it. */
            properties?: {
                [key: string]: unknown;
            };
            /** @description Why: it must be sent. */
            reason: string;
            /** @description Your own id of this adjustment, the same on every retry. */
            transactionId: string;
        };
        Allowance: {
            /** @description When it renews. */
            every: string;
            /** @description How many units a window has, or "unlimited". */
            limit: Quantity | string;
            /** @description What usage past the limit costs; left out when nothing. */
            overage?: components["schemas"]["Price"];
            /** @description How much of what is left goes on; left out when none. */
            rollover?: components["schemas"]["Rollover"];
            /** @description Usage past the limit is accepted. */
            soft?: boolean;
        };
        AllowanceChange: {
            /** @description What the plan gives after the change; null when unlimited. */
            after: Quantity | null;
            /** @description What the plan gives now; null when unlimited. */
            limit: Quantity | null;
        };
        Balance: {
            /** @description What can be used now, in the balance's units, less what is owed; null when unlimited, below zero only past a soft limit or in debt. */
            available: Quantity | null;
            /** @description What is owed, because its money went back after it was spent; left out when nothing is. */
            debt?: Quantity;
            /** @description What the debt is made of, oldest first. */
            debts?: components["schemas"]["Debt"][];
            /** @description The part of available that grants give. */
            granted?: Quantity;
            /** @description Grants with units left, in the order in which they are used up. */
            grants?: components["schemas"]["Lot"][];
            /** @description What open holds have set aside. */
            held?: Quantity;
            /** @description Open holds, oldest first. */
            holds?: components["schemas"]["Hold"][];
            /** @description What the plan allows in the window; null when unlimited. */
            limit: Quantity | null;
            /** @description What was used past a soft limit in this window; left out under a hard one. */
            overage?: Quantity;
            /**
             * Format: date-time
             * @description When the window ends and the allowance renews; null when it never does.
             */
            resetsAt: string | null;
            /**
             * Format: date-time
             * @description When the window began.
             */
            since?: string;
            /** @description The slug of a meter or a credits pool. */
            slug: string;
            /** @description Use past the limit is accepted and counted as overage. */
            soft?: boolean;
            /** @description Nothing may be used until what is owed, or the subscription, is paid. */
            suspended?: boolean;
            /** @description There is no limit. */
            unlimited: boolean;
            /** @description What was used in the open window, whoever paid. */
            used: Quantity;
        };
        Balances: {
            /** @description The items. */
            data: components["schemas"]["Balance"][];
        };
        BatchAnswer: {
            /** @description The items. */
            data: components["schemas"]["BatchOutcome"][];
        };
        BatchOutcome: {
            /** @description The balance just after. */
            balance?: components["schemas"]["Balance"];
            /** @description The event has been answered before; this is that answer. */
            duplicate?: boolean;
            /** @description The code of a refusal, with the same details as consume gives. */
            error?: string;
            /** @description The event as it was recorded; left out when it was refused. */
            event?: components["schemas"]["Event"];
            /** @description A sentence that says what to do. */
            message?: string;
            /**
             * Format: int64
             * @description The HTTP status that consume would have answered.
             */
            status: number;
        } & {
            [key: string]: unknown;
        };
        BatchRequest: {
            /** @description Up to 1,000 usage facts. */
            events: components["schemas"]["Usage"][];
        };
        Billing: {
            /** @description Every balance of the plan, and every other one used or granted. */
            balances: components["schemas"]["Balance"][];
            /** @description Who it is. */
            customer: components["schemas"]["Person"];
            /** @description Every feature of the catalog by slug; false when the plan does not include it. */
            features: {
                [key: string]: boolean | Quantity | string;
            };
            /** @description What people call what the slugs name. */
            names: components["schemas"]["Names"];
            /** @description Newest first. */
            payments: components["schemas"]["OwnPayment"][];
            /** @description false: checkout answers payments_not_configured. */
            paymentsReady: boolean;
            /** @description What the customer is on, as in the catalog. */
            plan: components["schemas"]["Plan"];
            /** @description What there is, in the catalog's order. */
            plans: components["schemas"]["Plan"][];
            /** @description Every price and top-up, for display. */
            prices: components["schemas"]["ShownPrice"][];
            /** @description The current one. */
            subscription: components["schemas"]["OwnSubscription"];
            /** @description Lots of units that are sold once. */
            topUps: components["schemas"]["TopUp"][];
            /** @description The days of trial that buying a plan begins with for this customer, by the plan's slug; a plan that is not in it begins with none, as all do for who has subscribed before. */
            trialDays: {
                [key: string]: number;
            };
            /** @description Where a customer can get more. */
            upgradeUrl?: string;
        };
        Bucket: {
            /** @description In the time zone: of its first day or, by the hour, its time with the offset. */
            date: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            end: string;
            /**
             * Format: int64
             * @description How many events count.
             */
            events: number;
            /**
             * Format: date-time
             * @description When it begins.
             */
            start: string;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
        };
        CancelRequest: {
            /** @description now or period_end. */
            when?: string;
        };
        CaptureRequest: {
            /** @description How many units of the meter were used; all of the hold when not sent. */
            amount?: Quantity;
        };
        Catalog: {
            /** @description Credits pools by slug, each with a cost per unit of its meters. */
            credits?: {
                [key: string]: unknown;
            };
            /** @description ISO 4217 code, in lower case. */
            currency?: string;
            /** @description Features by slug. */
            features?: {
                [key: string]: unknown;
            };
            /** @description Meters by slug. */
            meters: {
                [key: string]: unknown;
            };
            /** @description Plans by slug, each with what it includes. */
            plans: {
                [key: string]: unknown;
            };
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone?: string;
            /** @description Lots of units sold once, by slug. */
            topUps?: {
                [key: string]: unknown;
            };
            /** @description Where refusals send customers. */
            upgradeUrl?: string;
            /**
             * Format: int64
             * @description The version in force.
             */
            version?: number;
        };
        Change: {
            /** @description What part of the catalog: meter, credits, feature, plan, allowance, price, … */
            kind: string;
            /** @description What it is now. */
            new?: string;
            /** @description What it was. */
            old?: string;
            /** @description create, update or delete. */
            op: string;
            /** @description Where in the catalog. */
            path: string;
            /** @description What existing customers will notice. */
            warning?: string;
        };
        ChangeBody: {
            /**
             * @description Which price of the plan: monthly when not sent.
             * @enum {string}
             */
            billingCycle?: "monthly" | "yearly";
            /** @description Instead of a price: the slug of a plan. */
            planId?: string;
            /** @description Instead of priceSlug: a price of the catalog, or one of Stripe's (price_…). */
            priceId?: string;
            /** @description The slug of a price or a top-up of the catalog. */
            priceSlug?: string;
        };
        ChangePreview: {
            /**
             * Format: int64
             * @description What is collected, in minor units, after credit.
             */
            amountDue: number;
            /**
             * Format: date-time
             * @description Send it along with the change, so that it costs the same.
             */
            at?: string;
            /** @description What the plans give, by balance. */
            credits: {
                [key: string]: components["schemas"]["AllowanceChange"];
            };
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description What makes up the total. */
            lines: components["schemas"]["InvoiceLine"][];
            /** @description The plan after the change. */
            plan: string;
            /**
             * Format: int64
             * @description In minor units; below 0 is credit.
             */
            total: number;
            /** @description now or period_end. */
            when: string;
        };
        ChangeRequest: {
            /**
             * Format: date-time
             * @description The preview's, so that the change costs what it said.
             */
            at?: string;
            /** @description The slug of a plan's price; as it is when not sent. */
            price?: string;
            /**
             * Format: int64
             * @description As it is when not sent.
             */
            quantity?: number;
            /** @description now, or period_end; a dearer price now and a cheaper one at the period's end when not sent. */
            when?: string;
        };
        Check: {
            /** @description Whether it may be done at this moment. */
            allowed: boolean;
            /** @description What can be used now, in the balance's units, less what is owed; null when unlimited, below zero only past a soft limit or in debt. */
            available?: Quantity;
            /** @description The slug of the balance that would pay. */
            balance?: string;
            /** @description The slug of a feature. */
            feature?: string;
            /** @description What the plan allows in the window; null when unlimited. */
            limit?: Quantity;
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan: string;
            /** @description What it would take, in the balance's units. */
            required?: Quantity;
            /**
             * Format: date-time
             * @description When the window ends and the allowance renews; null when it never does.
             */
            resetsAt?: string;
            /** @description Nothing may be used until what is owed, or the subscription, is paid. */
            suspended?: boolean;
            /** @description There is no limit. */
            unlimited?: boolean;
            /** @description Where a customer can get more. */
            upgradeUrl?: string;
            /** @description What the plan gives the feature: true or false, a number, or a text. */
            value?: boolean | Quantity | string;
        };
        CheckBody: {
            /** @description How many units of the meter; 1 when not sent. */
            amount?: Quantity;
            /** @description The slug of a feature, instead of a meter. */
            feature?: string;
            /** @description The slug of a meter, instead of a feature. */
            meter?: string;
        };
        CheckRequest: {
            /** @description How many units of the meter; 1 when not sent. */
            amount?: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The slug of a feature, instead of a meter. */
            feature?: string;
            /** @description The slug of a meter, instead of a feature. */
            meter?: string;
        };
        CheckoutBody: {
            /**
             * @description Which price of the plan: monthly when not sent.
             * @enum {string}
             */
            billingCycle?: "monthly" | "yearly";
            /** @description Where to return to without paying. */
            cancelUrl?: string;
            /** @description Instead of a price: the slug of a plan. */
            planId?: string;
            /** @description Instead of priceSlug: a price of the catalog, or one of Stripe's (price_…). */
            priceId?: string;
            /** @description The slug of a price or a top-up of the catalog. */
            priceSlug?: string;
            /**
             * Format: int64
             * @description How many; 1 when not sent.
             */
            quantity?: number;
            /** @description Where to return to after paying: on this site, or on one that may call. */
            successUrl?: string;
        };
        CheckoutRequest: {
            /** @description Where a payer goes back to without paying. */
            cancelUrl?: string;
            /** @description true saves a card and sells nothing. */
            card?: boolean;
            /** @description The customer's externalId. */
            customer: string;
            /** @description Kept with the session at Stripe: up to 40 entries, names up to 40 bytes and values up to 500. */
            metadata?: {
                [key: string]: string;
            };
            /** @description The slug of a plan's price. */
            price?: string;
            /** @description A code as customers type it. */
            promotionCode?: string;
            /**
             * Format: int64
             * @description How many top-ups; of a plan, how many seats: its price is paid for each, and its units are given once. 1 when not sent.
             */
            quantity?: number;
            /** @description Where a payer comes back to; {CHECKOUT_SESSION_ID} in it is replaced. */
            successUrl?: string;
            /** @description The slug of a top-up, instead of a price. */
            topUp?: string;
            /**
             * Format: int64
             * @description Days before the first payment; the plan's when not sent; only for who has not subscribed before.
             */
            trialDays?: number;
        };
        CheckoutSession: {
            /**
             * Format: date-time
             * @description When the page closes.
             */
            expiresAt: string;
            /** @description Its id. */
            id: string;
            /** @description open, complete or expired. */
            status: string;
            /** @description Where to send the customer. */
            url?: string;
        };
        Customer: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description An address, up to 320 bytes, in one line. */
            email?: string;
            /** @description Your own name for the customer. */
            externalId: string;
            /** @description Texts of your own by key, 16 KiB together. */
            metadata: {
                [key: string]: string;
            };
            /** @description A name for people, in one line. */
            name?: string;
            /** @description The billing period that holds now. */
            period: components["schemas"]["Span"];
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan: string;
            /**
             * Format: date-time
             * @description When the subscription to the plan began.
             */
            since: string;
            /** @description The state of the subscription, in Stripe's words. */
            status: string;
            /** @description The id of the customer's time on its plan, paid or not. Where it is paid through Stripe, /v1/subscriptions/{id} takes it as well as Stripe's own id. */
            subscriptionId: string;
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone?: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
        };
        CustomerChange: {
            /** @description An address, up to 320 bytes, in one line. */
            email?: string;
            /** @description true begins on the guest plan; false signs a guest up to the default plan. */
            guest?: boolean;
            /** @description Texts of your own by key, 16 KiB together, merged key by key; null removes a key. */
            metadata?: {
                [key: string]: string | null;
            };
            /** @description A name for people, in one line. */
            name?: string;
            /** @description The slug of the plan to move to. */
            plan?: string;
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone?: string;
        };
        CustomerLimit: {
            /** @description The limit adjustments that move it now. */
            adjustments: components["schemas"]["LimitAdjusted"][];
            /** @description What pays: the slug itself, or a credits pool, in whose units the limit is. */
            balance: string;
            /** @description What one unit of the meter costs the balance. */
            cost?: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /** @description How often the limit renews: day, week, month, billing_month, billing_period or never. */
            every?: string;
            /** @description Whether the plan gives anything of it. */
            included: boolean;
            /** @description Whether there is no limit. */
            isUnlimited: boolean;
            /** @description As it is now, adjustments included; null when unlimited. */
            limit: Quantity;
            /** @description The slug that was asked for. */
            meter: string;
            /** @description Whether use past the limit is billed. */
            overage?: boolean;
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan: string;
            /** @description The limit without adjustments; null when unlimited. */
            planLimit: Quantity;
            /**
             * Format: date-time
             * @description When the window ends and the allowance renews; null when it never does.
             */
            resetsAt: string | null;
            /**
             * Format: date-time
             * @description When the window began.
             */
            since: string | null;
            /** @description Use past the limit is accepted and counted as overage. */
            soft?: boolean;
        };
        DatedTotal: {
            /** @description In the time zone: of its first day or, by the hour, its time with the offset. */
            date: string;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
        };
        Debt: {
            /** @description The id of the grant whose money went back. */
            grant: string;
            /** @description The id of the refund or dispute. */
            id: string;
            /** @description What is not paid yet. */
            owed: Quantity;
            /** @description debt or suspend; forgive, in a line, for what is taken only when it comes back to its grant. */
            policy: string;
        };
        DebugRequest: {
            /** @description An externalId, or * for all customers. */
            customer: string;
            /**
             * Format: int64
             * @description For how long: 900 when not sent, 0 ends it, 86,400 at most.
             */
            seconds?: number;
        };
        Debugging: {
            /** @description Whose acts are logged; * for all. */
            customer: string;
            /**
             * Format: date-time
             * @description Until when.
             */
            until: string;
        };
        Erased: {
            /** @description Always true. */
            erased: boolean;
            /** @description Your own name for the customer. */
            externalId: string;
        };
        Error: {
            /**
             * @description The code, for programs.
             * @enum {string}
             */
            error: "unauthorized" | "insufficient_credits" | "suspended" | "payment_refused" | "forbidden" | "feature_not_in_plan" | "not_found" | "method_not_allowed" | "conflict" | "too_large" | "invalid_request" | "rate_limited" | "internal" | "unavailable" | "payments_not_configured";
            /** @description A sentence that says what to do, for people. */
            message: string;
        } & {
            [key: string]: unknown;
        };
        Event: {
            /** @description How many units of the meter. */
            amount: Quantity;
            /**
             * Format: date-time
             * @description When it happened.
             */
            at: string;
            /** @description What the balance paid, in its own units. */
            charged: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The event happened before the window it was charged to. */
            late?: boolean;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description The slug of the balance that paid: the meter's own, or a credits pool. */
            paidBy: string;
            /** @description A JSON object of your own, up to 16 KiB. A unique meter counts the values of one of its keys. */
            properties?: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When Tollgate wrote it.
             */
            recordedAt: string;
            /** @description Your own id of this act, 1 to 255 bytes, the same on every retry. */
            transactionId: string;
        };
        Explanation: {
            /** @description A sentence for each limit adjustment that moves the limit now. */
            adjusted: string[];
            /** @description What the ledger's balance and what is available differ by: opening, the amounts of lines and pending, and these add up to balance.available. Empty when unlimited. */
            apart: components["schemas"]["Term"][];
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The customer's externalId. */
            customer: string;
            /** @description There are older lines than those shown: read them from the ledger. */
            earlier: boolean;
            /** @description Oldest first. Opening plus their amounts is the last line's balance. */
            lines: components["schemas"]["Told"][];
            /** @description The name of the meter or credits pool. */
            name: string;
            /** @description The ledger's balance before the first line shown. */
            opening: Quantity;
            /** @description What the next act will write first, such as a window that has ended. */
            pending: components["schemas"]["Told"][];
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan: string;
            /** @description balance.available as a sum, in the words of summary; empty when unlimited. */
            sum: components["schemas"]["Term"][];
            /** @description One sentence: what is left and why. */
            summary: string;
            /** @description What one of it is called. */
            unit?: string;
        };
        Gauge: {
            /**
             * Format: date-time
             * @description When it happened.
             */
            at: string;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description The value. */
            value: Quantity;
        };
        GrantRequest: {
            /** @description How many units of the balance: more than 0. */
            amount: Quantity;
            /** @description The slug of a meter or a credits pool. */
            balance: string;
            /**
             * Format: date-time
             * @description When what is left of it is lost; never when not sent.
             */
            expiresAt?: string;
            /** @description Your own id of this grant, 1 to 255 bytes. A retry with it grants nothing more. */
            id?: string;
            /**
             * Format: int64
             * @description Grants with a lower number are used up first; 100 when not sent, 1000 at most.
             */
            priority?: number;
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /** @description What it comes from; bonus when not sent. */
            source?: string;
            /**
             * Format: date-time
             * @description From when it can be used; now when not sent.
             */
            startsAt?: string;
        };
        Granted: {
            /** @description How many units of the balance were granted. */
            amount: Quantity;
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            expiresAt?: string;
            /** @description The id of the grant, for revoke. */
            id: string;
            /**
             * Format: int64
             * @description Grants with a lower number are used up first; 100 when not sent, 1000 at most.
             */
            priority: number;
            /** @description What is left of it. */
            remaining: Quantity;
            /** @description What it comes from, such as bonus or top_up. */
            source: string;
            /**
             * Format: date-time
             * @description From when it can be used.
             */
            startsAt: string;
        };
        Health: {
            /** @description ok or ready. */
            status: string;
        };
        Held: {
            /** @description How many units of the meter. */
            amount: Quantity;
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description What the hold took from the balance, or its release gave back, in the balance's units. */
            charged: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            expiresAt?: string;
            /** @description The id of the hold, for capture and release. */
            id: string;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description The hold was let go. */
            released?: boolean;
        };
        Hold: {
            /** @description How many units of the meter. */
            amount: Quantity;
            /** @description What the hold set aside, in the balance's units. */
            charge: Quantity;
            /** @description What one unit of the meter costs the balance. */
            cost: Quantity;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            expiresAt: string;
            /** @description Its id. */
            id: string;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description What each source of units moved; for usage, what paid. */
            parts?: components["schemas"]["Part"][];
            /** @description Your own id of this act, 1 to 255 bytes, the same on every retry. */
            transactionId: string;
        };
        HoldRequest: {
            /** @description How many units of the meter. */
            amount: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /**
             * Format: int64
             * @description How many seconds the hold lasts: 1 at least, 24 hours when not sent, 30 days at most.
             */
            expiresIn?: number;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description Your own id of this act, 1 to 255 bytes, the same on every retry. */
            transactionId?: string;
        };
        Invoice: {
            /**
             * Format: int64
             * @description What is collected, in minor units, after credit.
             */
            amountDue: number;
            /**
             * Format: int64
             * @description What was paid, in minor units.
             */
            amountPaid: number;
            /**
             * Format: int64
             * @description How often it was tried.
             */
            attempts?: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description Its id. */
            id: string;
            /** @description What makes up the total. */
            lines: components["schemas"]["InvoiceLine"][];
            /**
             * Format: date-time
             * @description When payment is tried again.
             */
            nextAttempt?: string;
            /** @description The invoice's number, for people. */
            number?: string;
            /**
             * Format: date-time
             * @description When it was paid.
             */
            paidAt?: string;
            /** @description Where the invoice is to be downloaded. */
            pdf?: string;
            /** @description Stripe's billing_reason. */
            reason: string;
            /** @description draft, open, paid, uncollectible or void. */
            status: string;
            /** @description The id of the subscription. */
            subscription?: string;
            /**
             * Format: int64
             * @description What of the total is tax, in minor units.
             */
            tax?: number;
            /**
             * Format: int64
             * @description In minor units.
             */
            total: number;
            /** @description Where to send the customer. */
            url?: string;
        };
        InvoiceLine: {
            /**
             * Format: int64
             * @description How many units of the meter.
             */
            amount: number;
            /** @description Words for people. */
            description?: string;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            end: string;
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan?: string;
            /** @description The slug of a price of the catalog. */
            price?: string;
            /** @description The id of the price at Stripe. */
            priceId?: string;
            /** @description A part of a period, because of a change within it. */
            proration?: boolean;
            /**
             * Format: int64
             * @description How many; 1 when not sent.
             */
            quantity?: number;
            /**
             * Format: date-time
             * @description When what is billed begins.
             */
            start: string;
        };
        Item: {
            /**
             * Format: int64
             * @description Of one, in minor units.
             */
            amount?: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt?: string;
            /** @description Its id. */
            id: string;
            /** @description How often it is billed: month or year. */
            interval?: string;
            /** @description The meter of a price that is billed by use. */
            meter?: string;
            /** @description The slug of the customer's plan; empty while its subscription gives no access. */
            plan?: string;
            /** @description The slug of a price of the catalog. */
            price?: string;
            /** @description The id of the price at Stripe. */
            priceId: string;
            /**
             * Format: int64
             * @description How many; 1 when not sent.
             */
            quantity?: number;
        };
        LimitAdjusted: {
            /** @description Whether it moves the limit now. */
            active: boolean;
            /** @description What is added to the limit; below 0 lowers it. */
            amount: Quantity;
            /** @description The meter or credits pool whose limit it moves. */
            balance: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate?: boolean;
            /**
             * Format: date-time
             * @description When it ends; left out for one that lasts until it is removed.
             */
            endDate?: string;
            /** @description Its id. */
            id: string;
            /** @description Texts of your own by key, 16 KiB together. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /**
             * Format: date-time
             * @description When it was removed.
             */
            removedAt?: string;
            /**
             * Format: date-time
             * @description When it begins; now when not sent.
             */
            startDate: string;
            /** @description one_time or recurring. */
            type: string;
        };
        LimitAdjustmentBody: {
            /** @description What to add to the limit; below 0 lowers it. */
            amount: Quantity;
            /** @description The slug of a meter or a credits pool. A meter that a pool pays for means the pool. */
            balance?: string;
            /**
             * Format: date-time
             * @description When it ends; left out for one that lasts until it is removed.
             */
            endDate?: string;
            /** @description Your own id of this adjustment; a retry with it adds nothing more. */
            id?: string;
            /** @description Texts of your own by key, 16 KiB together. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Instead of balance. */
            meter?: string;
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /**
             * Format: date-time
             * @description When it begins; now when not sent.
             */
            startDate?: string;
            /** @description one_time or recurring. */
            type: string;
        };
        LimitAdjustments: {
            /** @description The items. */
            data: components["schemas"]["LimitAdjusted"][];
        };
        Line: {
            /** @description What the line added to the balance; negative when it took. */
            amount: Quantity;
            /**
             * Format: date-time
             * @description When it took effect.
             */
            at: string;
            /** @description The balance after it. */
            balance: Quantity;
            /** @description What brought it about: a transactionId, the id of a grant or a hold, plan, or window. */
            cause: string;
            /** @description What a claw-back found spent. */
            debt?: components["schemas"]["Debt"];
            /** @description The event, of a line of usage. */
            event?: components["schemas"]["Event"];
            /** @description The running value of a max or last meter after this line. */
            gauge?: components["schemas"]["Gauge"];
            /** @description The hold this line opened. */
            hold?: components["schemas"]["Hold"];
            /**
             * @description What the line records.
             * @enum {string}
             */
            kind: "allowance" | "expire" | "roll_over" | "plan_change" | "grant" | "revoke" | "claw_back" | "debt" | "debt_paid" | "restore" | "consume" | "record" | "backfill" | "hold" | "capture" | "release" | "void" | "refund" | "deduction" | "reset";
            /** @description Grants that come to the balance with this line. */
            lots?: components["schemas"]["Lot"][];
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description What each source of units moved; for usage, what paid. */
            parts?: components["schemas"]["Part"][];
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /**
             * Format: date-time
             * @description When Tollgate wrote it.
             */
            recordedAt: string;
            /**
             * Format: int64
             * @description 1, 2, 3 … within the balance.
             */
            seq: number;
            /** @description What the money that went back had bought, of a claw-back. */
            share?: Quantity;
            /** @description What was used in the open window, whoever paid. */
            used?: Quantity;
            /** @description The span and the limit that this line sets. */
            window?: components["schemas"]["Opening"];
        };
        ListOwnPayment: {
            /** @description The items. */
            data: components["schemas"]["OwnPayment"][];
        };
        ListOwnSubscription: {
            /** @description The items. */
            data: components["schemas"]["OwnSubscription"][];
        };
        Lot: {
            /** @description How many units were granted. */
            amount: Quantity;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            expiresAt?: string;
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description Grants with a lower number are used up first; 100 when not sent, 1000 at most.
             */
            priority: number;
            /** @description What is left of it. */
            remaining: Quantity;
            /** @description What it comes from, such as bonus or top_up. */
            source: string;
            /**
             * Format: date-time
             * @description From when it can be used.
             */
            startsAt: string;
        };
        Names: {
            /** @description The name of every meter and credits, by slug. */
            balances: {
                [key: string]: string;
            };
            /** @description The name of every feature, by slug. */
            features: {
                [key: string]: string;
            };
        };
        Nothing: Record<string, never>;
        Opening: {
            /** @description The window is a billing period at Stripe. */
            billed?: boolean;
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            end?: string;
            /** @description What the window that a plan change left for this one had charged to its allowance. */
            left?: Quantity;
            /** @description What the plan allows in the window. */
            limit: Quantity;
            /**
             * Format: date-time
             * @description When the invoice was made that paid for the window.
             */
            paid?: string;
            /** @description Use past the limit is accepted and counted as overage. */
            soft?: boolean;
            /**
             * Format: date-time
             * @description When it begins.
             */
            start: string;
            /** @description There is no limit. */
            unlimited?: boolean;
        };
        OwnPayment: {
            /**
             * Format: int64
             * @description In minor units: 799 is $7.99.
             */
            amount: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description What was paid, for people. */
            description?: string;
            /** @description Its id. */
            id: string;
            /** @description The invoice, as a page. */
            invoiceUrl?: string;
            /** @description The receipt, as a page. */
            receiptUrl?: string;
            /** @description succeeded, failed, pending or refunded. */
            status: string;
        };
        OwnSubscription: {
            /** @description It ends with its period. */
            cancelAtPeriodEnd: boolean;
            /** @description Its id. */
            id: string;
            /** @description The billing period that holds now. */
            period: components["schemas"]["Span"];
            /** @description The slug of its plan. */
            plan: string;
            /** @description The slug of its price; left out where nothing is paid. */
            price?: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            since: string;
            /** @description The state, in Stripe's words. */
            status: string;
        };
        PageCustomer: {
            /** @description The items. */
            data: components["schemas"]["Customer"][];
            /** @description What to ask for the next page with; left out on the last page. */
            next?: string;
        };
        PageInvoice: {
            /** @description The items. */
            data: components["schemas"]["Invoice"][];
            /** @description What to ask for the next page with; left out on the last page. */
            next?: string;
        };
        PageLine: {
            /** @description The items. */
            data: components["schemas"]["Line"][];
            /** @description What to ask for the next page with; left out on the last page. */
            next?: string;
        };
        PagePayment: {
            /** @description The items. */
            data: components["schemas"]["Payment"][];
            /** @description What to ask for the next page with; left out on the last page. */
            next?: string;
        };
        Part: {
            /** @description What the source moved; negative when it paid. */
            amount: Quantity;
            /**
             * Format: date-time
             * @description When it happened.
             */
            at?: string;
            /** @description The window open at that moment never ends. */
            ever?: boolean;
            /** @description The id of the grant; left out for the plan's allowance. */
            grant?: string;
            /** @description Set when a reset came between the usage and its void: no window counts it any more. */
            past?: boolean;
        };
        Payment: {
            /**
             * Format: int64
             * @description In minor units.
             */
            amount: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description Words for people. */
            description?: string;
            /** @description The cardholder has disputed it. */
            disputed?: boolean;
            /** @description Why it failed, in the bank's words. */
            failure?: string;
            /** @description Its id. */
            id: string;
            /** @description The payment intent at Stripe. */
            intent?: string;
            /** @description The id of the invoice that it paid. */
            invoice?: string;
            /** @description The receipt at Stripe. */
            receiptUrl?: string;
            /**
             * Format: int64
             * @description What went back, in minor units.
             */
            refunded: number;
            /** @description What went back, or is to: refunds and disputes. */
            refunds?: components["schemas"]["Return"][];
            /** @description succeeded, pending or failed. */
            status: string;
            /** @description The slug of the top-up. */
            topUp?: string;
        };
        Person: {
            /** @description An address, up to 320 bytes, in one line. */
            email?: string;
            /** @description Your own name for the customer. */
            externalId: string;
            /** @description A name for people, in one line. */
            name?: string;
        };
        Plan: {
            /** @description It is for every signed-up customer without a paid subscription. */
            default?: boolean;
            /** @description Words for people. */
            description?: string;
            /** @description Features by slug. */
            features?: {
                [key: string]: boolean | Quantity | string;
            };
            /** @description true begins on the guest plan; false signs a guest up to the default plan. */
            guest?: boolean;
            /** @description What it gives of each balance, by slug. */
            includes?: {
                [key: string]: components["schemas"]["Allowance"];
            };
            /** @description A name for people, in one line. */
            name: string;
            /**
             * Format: int64
             * @description Where it stands among the others; 1 is first.
             */
            position: number;
            /** @description What it is sold for. */
            prices?: components["schemas"]["Price"][];
            /** @description The slug of a meter or a credits pool. */
            slug: string;
            /** @description How long it is free at first, in days, as in 14d. */
            trial?: string;
        };
        PlanLimit: {
            /** @description What pays: the slug itself, or a credits pool, in whose units the limit is. */
            balance: string;
            /** @description What one unit of the meter costs the balance. */
            cost?: Quantity;
            /** @description How often the limit renews: day, week, month, billing_month, billing_period or never. */
            every?: string;
            /** @description Whether the plan gives anything of it. */
            included: boolean;
            /** @description Whether there is no limit. */
            isUnlimited: boolean;
            /** @description Per window; null when unlimited. */
            limit: Quantity;
            /** @description The slug that was asked for. */
            meter: string;
            /** @description Whether use past the limit is billed. */
            overage?: boolean;
            /** @description The plan. */
            plan: string;
            /** @description Use past the limit is accepted and counted as overage. */
            soft?: boolean;
        };
        PortalBody: {
            /** @description Where to return to: on this site, or on one that may call. */
            returnUrl?: string;
        };
        PortalRequest: {
            /** @description The customer's externalId. */
            customer: string;
            /** @description Where the portal leads back to. */
            returnUrl?: string;
        };
        PortalSession: {
            /** @description Where to send the customer. */
            url: string;
        };
        Price: {
            /**
             * Format: int64
             * @description How many units of the meter.
             */
            amount?: number;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description How often the limit renews: day, week, month, billing_month, billing_period or never. */
            every?: string;
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description flat, per_unit, graduated, volume or package. */
            model: string;
            /** @description How many units a package has. */
            packageSize?: Quantity;
            /** @description The slug of a meter or a credits pool. */
            slug: string;
            /** @description The tiers, ascending; the last one has no end. */
            tiers?: components["schemas"]["Tier"][];
            /** @description The price of a unit or a package, in minor units, as a decimal string. */
            unitAmount?: string;
        };
        PriceSync: {
            /**
             * Format: int64
             * @description In minor units: 799 is $7.99.
             */
            amount: number;
            /**
             * Format: date-time
             * @description When the price had this amount; now when not sent.
             */
            asOf?: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
        };
        Prices: {
            /** @description The items. */
            data: components["schemas"]["ShownPrice"][];
        };
        Publication: {
            /** @description What differs from the catalog in force before. */
            changes: components["schemas"]["Change"][];
            /** @description Nothing was published. */
            dryRun?: boolean;
            /**
             * Format: int64
             * @description The version in force.
             */
            version: number;
        };
        Quote: {
            /**
             * Format: int64
             * @description What is collected, in minor units, after credit.
             */
            amountDue: number;
            /**
             * Format: date-time
             * @description To send with the change.
             */
            at?: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description What makes up the total. */
            lines: components["schemas"]["InvoiceLine"][];
            /**
             * Format: int64
             * @description In minor units; below 0 is credit.
             */
            total: number;
        };
        Ranked: {
            /** @description The customer's externalId. */
            customer?: string;
            /**
             * Format: int64
             * @description How many events count.
             */
            events: number;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /**
             * Format: int64
             * @description 1 is the first.
             */
            rank: number;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
        };
        Receipt: {
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /** @description The event as it was recorded. */
            event: components["schemas"]["Event"];
        };
        Received: {
            /** @description Always true. */
            received: boolean;
        };
        Redirect: {
            /** @description The page to go to. */
            url: string;
        };
        RefundRequest: {
            /**
             * Format: int64
             * @description In minor units; all that is left when not sent.
             */
            amount?: number;
            /** @description Your own id of this refund, the same on every retry. */
            id: string;
            /** @description duplicate, fraudulent or requested_by_customer. */
            reason?: string;
        };
        Reportable: {
            /**
             * Format: int64
             * @description What Stripe has been told, in whole units.
             */
            alreadyReported: number;
            /** @description The slug of a meter or a credits pool. */
            meter: string;
            /**
             * Format: date-time
             * @description When the period ends.
             */
            periodEnd: string;
            /**
             * Format: date-time
             * @description When the period began.
             */
            periodStart: string;
            /** @description The slug of the price that bills it. */
            slug: string;
            /**
             * Format: int64
             * @description What Stripe has yet to be told, in whole units; below 0 when more was told than is owed.
             */
            toReport: number;
        };
        ReportableUsage: {
            /** @description The items. */
            data: components["schemas"]["Reportable"][];
        };
        Reset: {
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /** @description Its id. */
            id: string;
            /**
             * Format: date-time
             * @description When usage was last reset.
             */
            lastResetDate: string;
            /** @description What had been used before the reset. */
            preResetTotal: Quantity;
            /** @description Used since: 0. */
            total: Quantity;
        };
        ResetBody: {
            /** @description The slug of a meter or a credits pool. A meter that a pool pays for means the pool. */
            balance?: string;
            /** @description Your own id of this reset; a retry with it resets nothing more. */
            id?: string;
            /** @description Instead of balance. */
            meter?: string;
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
        };
        Return: {
            /**
             * Format: int64
             * @description In minor units.
             */
            amount: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description It is a dispute, not a refund. */
            dispute?: boolean;
            /** @description Its id. */
            id: string;
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /** @description The state. */
            status: string;
        };
        RevokeRequest: {
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
        };
        Revoked: {
            /** @description What was left of the grant, and is taken back. */
            amount: Quantity;
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /** @description Its id. */
            id: string;
        };
        Rollover: {
            /** @description The largest total of a part. */
            max: Quantity;
        };
        ShownPrice: {
            /**
             * Format: int64
             * @description In minor units: 799 is $7.99; 0 where the price depends on the quantity.
             */
            amount: number;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description For people, such as $7.99 per month or $0.02 per request; of tiers, from the least that a unit can cost. */
            display: string;
            /** @description month or year; left out for what is paid once. */
            every?: string;
            /** @description flat, per_unit, graduated, volume or package. */
            model: string;
            /** @description The plan it buys. */
            plan?: string;
            /** @description The slug of the price or top-up. */
            slug: string;
            /** @description catalog, or synced when another amount was stored. */
            source: string;
            /**
             * Format: date-time
             * @description As of when the amount was synced.
             */
            syncedAt?: string;
            /** @description The slug of the top-up. */
            topUp?: string;
        };
        Span: {
            /**
             * Format: date-time
             * @description When it ends; left out when it never does.
             */
            end?: string;
            /**
             * Format: date-time
             * @description When it begins.
             */
            start: string;
        };
        Subscription: {
            /**
             * Format: date-time
             * @description When it is planned to end.
             */
            cancelAt?: string;
            /**
             * Format: date-time
             * @description When the end was asked for.
             */
            canceledAt?: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            endedAt?: string;
            /** @description Its id. */
            id: string;
            /** @description The prices it is made of. */
            items: components["schemas"]["Item"][];
            /** @description The id of the newest invoice. */
            latestInvoice?: string;
            /** @description Its invoices are not collected. */
            pausedPayments?: boolean;
            /**
             * Format: date-time
             * @description When the period ends.
             */
            periodEnd: string;
            /**
             * Format: date-time
             * @description When the period began.
             */
            periodStart: string;
            /** @description Stripe's: trialing, active, past_due, unpaid, paused, incomplete, incomplete_expired or canceled. */
            status: string;
            /**
             * Format: date-time
             * @description When the trial ends.
             */
            trialEnd?: string;
            /**
             * Format: date-time
             * @description When the trial began.
             */
            trialStart?: string;
        };
        Subscriptions: {
            /** @description The items. */
            data: components["schemas"]["Subscription"][];
        };
        Term: {
            /** @description What it adds to what is available; negative when it takes. */
            amount: Quantity;
            /**
             * @description plan, adjustments, used (whoever paid), grants_paid (what of that grants paid), gone (taken of the allowance before this window began), held, past_limit (used past a hard limit), grants, not_started (in grants that begin later) or owed.
             * @enum {string}
             */
            kind: "plan" | "adjustments" | "used" | "grants_paid" | "gone" | "held" | "past_limit" | "grants" | "not_started" | "owed";
            /** @description The same in words. */
            text: string;
        };
        Tier: {
            /** @description Added once when the tier is reached, in minor units, as a decimal string. */
            flatAmount: string;
            /** @description The price of a unit, in minor units, as a decimal string. */
            unitAmount: string;
            /** @description Where the tier ends, or "inf". */
            upTo: Quantity | string;
        };
        Token: {
            /** @description What it may be used for: read, check, checkout, manage. */
            actions: string[];
            /** @description The externalId of the one customer it speaks for. */
            customer: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            expiresAt: string;
            /** @description What the page sends, as Authorization: Bearer TOKEN. */
            token?: string;
        };
        TokenRequest: {
            /** @description read, check, checkout, manage; read and check when not sent. */
            actions?: string[];
            /**
             * Format: int64
             * @description How many seconds it lasts: 1 at least, 15 minutes when not sent, 24 hours at most.
             */
            expiresIn?: number;
        };
        Told: {
            /** @description What the line added to the balance; negative when it took. */
            amount: Quantity;
            /**
             * Format: date-time
             * @description When it took effect.
             */
            at: string;
            /** @description The balance after it. */
            balance: Quantity;
            /** @description What brought it about: a transactionId, the id of a grant or a hold, plan, or window. */
            cause: string;
            /** @description What a claw-back found spent. */
            debt?: components["schemas"]["Debt"];
            /** @description The event, of a line of usage. */
            event?: components["schemas"]["Event"];
            /** @description The running value of a max or last meter after this line. */
            gauge?: components["schemas"]["Gauge"];
            /** @description The hold this line opened. */
            hold?: components["schemas"]["Hold"];
            /**
             * @description What the line records.
             * @enum {string}
             */
            kind: "allowance" | "expire" | "roll_over" | "plan_change" | "grant" | "revoke" | "claw_back" | "debt" | "debt_paid" | "restore" | "consume" | "record" | "backfill" | "hold" | "capture" | "release" | "void" | "refund" | "deduction" | "reset";
            /** @description Grants that come to the balance with this line. */
            lots?: components["schemas"]["Lot"][];
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description What each source of units moved; for usage, what paid. */
            parts?: components["schemas"]["Part"][];
            /** @description Why, for the ledger: up to 1,000 bytes. */
            reason?: string;
            /**
             * Format: date-time
             * @description When Tollgate wrote it.
             */
            recordedAt: string;
            /**
             * Format: int64
             * @description 1, 2, 3 … within the balance.
             */
            seq: number;
            /** @description What the money that went back had bought, of a claw-back. */
            share?: Quantity;
            /** @description What the line means, in one sentence. */
            text: string;
            /** @description What was used in the open window, whoever paid. */
            used?: Quantity;
            /** @description The span and the limit that this line sets. */
            window?: components["schemas"]["Opening"];
        };
        Top: {
            /** @description The items. */
            data: components["schemas"]["Ranked"][];
            /** @description Where the span begins. */
            from: string;
            /** @description The slug of a meter of the catalog. */
            meter?: string;
            /** @description The period that was asked for. */
            period?: string;
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone: string;
            /** @description Where the span ends; it does not count. */
            to: string;
        };
        TopUp: {
            /**
             * Format: int64
             * @description How many units of the meter.
             */
            amount: number;
            /** @description ISO 4217 code, in lower case. */
            currency: string;
            /** @description How long after the purchase it lasts, in days, as in 365d; for ever when left out. */
            expires?: string;
            /** @description Grants with units left, in the order in which they are used up. */
            grants: {
                [key: string]: Quantity;
            };
            /** @description A name for people, in one line. */
            name: string;
            /** @description The slug of a meter or a credits pool. */
            slug: string;
        };
        Usage: {
            /** @description How many units were used. May be left out on meters that count events. */
            amount?: Quantity;
            /**
             * Format: date-time
             * @description When it happened; now when not sent. Up to 5 minutes ahead is accepted.
             */
            at?: string;
            /** @description The customer's externalId. */
            customer: string;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description A JSON object of your own, up to 16 KiB. A unique meter counts the values of one of its keys. */
            properties?: {
                [key: string]: unknown;
            };
            /** @description true: the usage has happened and is recorded whatever the balance. false when not sent. */
            record?: boolean;
            /** @description Your own id of this act, 1 to 255 bytes, the same on every retry. */
            transactionId: string;
        };
        UsageBatch: {
            /** @description externalIds, up to 100. */
            customers: string[];
            /** @description true shows parts of the span without usage too. */
            fill?: boolean;
            /** @description Where the span begins. */
            from?: string;
            /** @description How the span is cut: hour, day, week, month or none. */
            groupBy?: string;
            /** @description Meters by slug. */
            meters: string[];
            /** @description As for one customer; not since_reset nor current_period. */
            period?: string;
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone?: string;
            /** @description Where the span ends; it does not count. */
            to?: string;
            /** @description monday when not sent, or sunday. */
            weekStart?: string;
        };
        UsageByCustomer: {
            /** @description By externalId, then by meter. */
            data: {
                [key: string]: {
                    [key: string]: components["schemas"]["UsageInBrief"];
                };
            };
        };
        UsageEventBody: {
            /** @description How many units were used. May be left out on meters that count events. */
            amount?: Quantity;
            /** @description Who used it: a secret key must say. */
            customer?: string;
            /** @description A JSON object of your own, up to 16 KiB. */
            properties?: {
                [key: string]: unknown;
            };
            /** @description true: it has happened and is recorded whatever the balance. */
            record?: boolean;
            /** @description Your own id of this act, the same on every retry; the header Idempotency-Key stands in for it. Without either, a retry counts again. */
            transactionId?: string;
            /** @description The slug of a meter. */
            usageMeterSlug: string;
        };
        UsageGroup: {
            /** @description The mean of the parts' totals, to six decimals. */
            average: Quantity;
            /** @description The parts of the span, oldest first. */
            byPeriod: components["schemas"]["Bucket"][];
            /**
             * Format: int64
             * @description How many events count.
             */
            events: number;
            /** @description The largest total of a part. */
            max: Quantity;
            /** @description The smallest total of a part. */
            min: Quantity;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
            /** @description The property's value, as a filter takes it: the number 5 and the text "5" are one. null for events without it, or with null. */
            value: string | null;
        };
        UsageInBrief: {
            /** @description The mean of the parts' totals, to six decimals. */
            average: Quantity;
            /** @description The parts of the span, oldest first. */
            byPeriod: components["schemas"]["DatedTotal"][];
            /**
             * Format: int64
             * @description How many events count.
             */
            events: number;
            /** @description The largest total of a part. */
            max: Quantity;
            /** @description The smallest total of a part. */
            min: Quantity;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
        };
        UsageReport: {
            /** @description How the meter's events add up: sum, count, max, unique or last. */
            aggregation: string;
            /** @description The mean of the parts' totals, to six decimals. */
            average: Quantity;
            /** @description The slug of the balance that pays. */
            balance: string;
            /** @description The parts of the span, oldest first. */
            byPeriod: components["schemas"]["Bucket"][];
            /** @description Used in the running window, in the balance's units. */
            current: Quantity;
            /** @description The customer's externalId. */
            customer: string;
            /**
             * Format: int64
             * @description How many events count.
             */
            events: number;
            /**
             * Format: date-time
             * @description Where the span begins.
             */
            from: string;
            /** @description How the span is cut: hour, day, week, month or none. */
            groupBy: string;
            /** @description The same by the values of the property that was asked for, largest total first. */
            groups?: components["schemas"]["UsageGroup"][];
            /** @description Whether there is no limit. */
            isUnlimited: boolean;
            /**
             * Format: date-time
             * @description When usage was last reset.
             */
            lastResetDate?: string;
            /** @description What the plan allows in the window; null when unlimited. */
            limit: Quantity;
            /** @description The largest total of a part. */
            max: Quantity;
            /** @description The slug of a meter of the catalog. */
            meter: string;
            /** @description The smallest total of a part. */
            min: Quantity;
            /** @description The period that was asked for; left out with from and to. */
            period?: string;
            /** @description What had been used before the reset. */
            preResetTotal?: Quantity;
            /** @description What can still be used of the balance, grants included; null when unlimited. */
            remaining: Quantity;
            /** @description IANA name, such as Europe/Paris, of the zone whose days and months count. */
            timezone: string;
            /**
             * Format: date-time
             * @description Where the span ends; it does not count.
             */
            to: string;
            /** @description What it comes to, in the meter's units. */
            total: Quantity;
            /** @description What one of it is called. */
            unit?: string;
        };
        Voided: {
            /** @description The balance just after. */
            balance: components["schemas"]["Balance"];
            /** @description The customer's externalId. */
            customer: string;
            /** @description The same request has been answered before; this is that answer. */
            duplicate: boolean;
            /** @description What came back to the balance: less than was charged when a window or a grant that paid has ended. */
            returned: Quantity;
            /** @description Your own id of this act, 1 to 255 bytes, the same on every retry. */
            transactionId: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getBilling: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Billing"];
                };
            };
        };
    };
    checkOwn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "meter": "ai_requests",
                 *       "amount": 3
                 *     }
                 */
                "application/json": components["schemas"]["CheckBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
        };
    };
    createCheckout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "priceSlug": "pro_monthly"
                 *     }
                 */
                "application/json": components["schemas"]["CheckoutBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redirect"];
                };
            };
        };
    };
    watchBalances: {
        parameters: {
            query?: {
                /** @description The customer token, for callers that cannot set headers. */
                access_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    listOwnPayments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOwnPayment"];
                };
            };
        };
    };
    openStripePortal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PortalBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redirect"];
                };
            };
        };
    };
    openOwnPortal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PortalBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redirect"];
                };
            };
        };
    };
    listOwnSubscriptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOwnSubscription"];
                };
            };
        };
    };
    cancelOwnSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of one of the customer's own subscriptions. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSubscription"];
                };
            };
        };
    };
    changeOwnSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of one of the customer's own subscriptions. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "planId": "pro",
                 *       "billingCycle": "yearly"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnSubscription"];
                };
            };
        };
    };
    getOwnUsage: {
        parameters: {
            query: {
                /** @description The slug of a meter. It must be sent. */
                meter: string;
                /** @description As for GET /v1/customers/{externalId}/usage. */
                period?: string;
                /** @description With to, instead of a period: an instant or a date. */
                from?: string;
                /** @description Where the span ends; now when not sent. */
                to?: string;
                /** @description hour, day (when not sent), week, month or none. */
                groupBy?: string;
                /** @description An IANA name. */
                timezone?: string;
                /** @description monday (when not sent) or sunday. */
                weekStart?: string;
                /** @description true shows parts of the span without usage too. */
                fill?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                };
            };
        };
    };
    recordUsageEvent: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "usageMeterSlug": "ai_requests",
                 *       "amount": 1,
                 *       "transactionId": "req_1001"
                 *     }
                 */
                "application/json": components["schemas"]["UsageEventBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
        };
    };
    stripeWebhookAlias: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Received"];
                };
            };
        };
    };
    docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getCatalog: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalog"];
                    "application/yaml": components["schemas"]["Catalog"];
                };
            };
        };
    };
    publishCatalog: {
        parameters: {
            query?: {
                /** @description true shows what would change and publishes nothing. */
                dryRun?: boolean;
                /** @description The version that the document is a change to, 0 for none: when another one is in force, nothing is published. When not sent, the document replaces whichever is in force. */
                over?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "meters": {
                 *         "ai_requests": {
                 *           "name": "AI requests",
                 *           "aggregation": "sum"
                 *         }
                 *       },
                 *       "plans": {
                 *         "free": {
                 *           "name": "Free",
                 *           "default": true,
                 *           "includes": {
                 *             "ai_requests": {
                 *               "limit": 20,
                 *               "every": "day"
                 *             }
                 *           }
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Catalog"];
                "application/yaml": components["schemas"]["Catalog"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Publication"];
                };
            };
        };
    };
    check: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "meter": "ai_requests",
                 *       "amount": 3
                 *     }
                 */
                "application/json": components["schemas"]["CheckRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed": true,
                     *       "meter": "ai_requests",
                     *       "balance": "ai_requests",
                     *       "limit": 20,
                     *       "available": 19,
                     *       "required": 3,
                     *       "resetsAt": "2026-02-01T00:00:00Z",
                     *       "plan": "free"
                     *     }
                     */
                    "application/json": components["schemas"]["Check"];
                };
            };
        };
    };
    openCheckout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "price": "pro_monthly",
                 *       "successUrl": "https://example.com/billing?session={CHECKOUT_SESSION_ID}"
                 *     }
                 */
                "application/json": components["schemas"]["CheckoutRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
        };
    };
    readCheckout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a checkout session. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckoutSession"];
                };
            };
        };
    };
    consume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "meter": "ai_requests",
                 *       "amount": 1,
                 *       "transactionId": "req_1001"
                 *     }
                 */
                "application/json": components["schemas"]["Usage"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "event": {
                     *         "customer": "user_42",
                     *         "meter": "ai_requests",
                     *         "amount": 1,
                     *         "transactionId": "req_1001",
                     *         "at": "2026-01-31T15:04:05Z",
                     *         "recordedAt": "2026-01-31T15:04:05Z",
                     *         "charged": 1,
                     *         "paidBy": "ai_requests"
                     *       },
                     *       "balance": {
                     *         "slug": "ai_requests",
                     *         "used": 1,
                     *         "limit": 20,
                     *         "available": 19,
                     *         "unlimited": false,
                     *         "resetsAt": "2026-02-01T00:00:00Z"
                     *       },
                     *       "duplicate": false
                     *     }
                     */
                    "application/json": components["schemas"]["Receipt"];
                };
            };
        };
    };
    listCustomers: {
        parameters: {
            query?: {
                /** @description The next of the page before; without it the list begins at the oldest customer. */
                after?: string;
                /** @description How many customers the page has at most: a whole number from 1 to 1000, 100 when not sent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageCustomer"];
                };
            };
        };
    };
    getCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    putCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ada Lovelace",
                 *       "email": "ada@example.com",
                 *       "metadata": {
                 *         "team": "engines"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CustomerChange"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            /** @description The request created it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    eraseCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
        };
    };
    patchCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "metadata": {
                 *         "team": null,
                 *         "seat": "4"
                 *       },
                 *       "plan": "pro"
                 *     }
                 */
                "application/json": components["schemas"]["CustomerChange"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    adjustUsage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of this act when the body has none: 1 to 255 bytes, the same on every retry. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "meter": "ai_requests",
                 *       "amount": 10,
                 *       "kind": "bonus",
                 *       "reason": "loyalty_reward",
                 *       "transactionId": "ticket_17"
                 *     }
                 */
                "application/json": components["schemas"]["AdjustmentRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjusted"];
                };
            };
        };
    };
    listBalances: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Balances"];
                };
            };
        };
    };
    getBalance: {
        parameters: {
            query?: {
                /** @description A past instant such as 2026-01-31T15:04:05Z (RFC 3339): the balance is shown as it was then. One in the future is refused; up to five minutes ahead it counts as now. */
                at?: string;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
                /** @description The slug of a meter or of a credits pool. */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "slug": "ai_requests",
                     *       "used": 1,
                     *       "limit": 20,
                     *       "available": 19,
                     *       "unlimited": false,
                     *       "resetsAt": "2026-02-01T00:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Balance"];
                };
            };
        };
    };
    listEntries: {
        parameters: {
            query: {
                /** @description The slug of a meter or of a credits pool. It must be sent. */
                balance: string;
                /** @description The next of the page before; without it the page begins at the newest entry. */
                cursor?: string;
                /** @description How many entries the page has at most: a whole number from 1 to 1000, 100 when not sent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageLine"];
                };
            };
        };
    };
    voidEvent: {
        parameters: {
            query?: {
                /** @description Why, for the ledger: up to 1000 bytes. */
                reason?: string;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
                /** @description The transactionId of the event, percent-encoded as one part of the path. */
                transactionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Voided"];
                };
            };
        };
    };
    explainBalance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
                /** @description The slug of a meter or of a credits pool. */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    grant: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of this act when the body has none: 1 to 255 bytes, the same on every retry. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "balance": "ai_requests",
                 *       "amount": 100,
                 *       "id": "welcome_42",
                 *       "source": "bonus",
                 *       "reason": "Welcome gift",
                 *       "expiresAt": "2030-01-01T00:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["GrantRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Granted"];
                };
            };
        };
    };
    listInvoices: {
        parameters: {
            query?: {
                /** @description How many the page has at most: a whole number from 1 to 1000, 100 when not sent. */
                limit?: number;
                /** @description The next of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageInvoice"];
                };
            };
        };
    };
    listLimitAdjustments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitAdjustments"];
                };
            };
        };
    };
    addLimitAdjustment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of this act when the body has none: 1 to 255 bytes, the same on every retry. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "balance": "ai_requests",
                 *       "amount": 50,
                 *       "type": "one_time",
                 *       "endDate": "2030-01-01T00:00:00Z",
                 *       "reason": "Holiday promotion",
                 *       "id": "promo_7"
                 *     }
                 */
                "application/json": components["schemas"]["LimitAdjustmentBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitAdjusted"];
                };
            };
            /** @description The request created it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitAdjusted"];
                };
            };
        };
    };
    getCustomerLimit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
                /** @description The slug of a meter or of a credits pool. */
                meter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerLimit"];
                };
            };
        };
    };
    listPayments: {
        parameters: {
            query?: {
                /** @description How many the page has at most: a whole number from 1 to 1000, 100 when not sent. */
                limit?: number;
                /** @description The next of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PagePayment"];
                };
            };
        };
    };
    listReportableUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportableUsage"];
                };
            };
        };
    };
    resetUsage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of this act when the body has none: 1 to 255 bytes, the same on every retry. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "balance": "ai_requests",
                 *       "reason": "Incident of 3 March",
                 *       "id": "incident_3"
                 *     }
                 */
                "application/json": components["schemas"]["ResetBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reset"];
                };
            };
        };
    };
    listSubscriptions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscriptions"];
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "actions": [
                 *         "read",
                 *         "check",
                 *         "checkout"
                 *       ],
                 *       "expiresIn": 900
                 *     }
                 */
                "application/json": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query: {
                /** @description current_month (when neither period nor from is sent), last_30_days, last_28_days, current_week, current_period, today, last_7_days or since_reset. Periods begin and end on quarters of an hour. */
                period?: string;
                /** @description With to, instead of a period: an instant such as 2026-01-31T15:04:05Z, or a date, which begins at midnight in the time zone. It counts. */
                from?: string;
                /** @description Where the span ends, which does not count; now when not sent. */
                to?: string;
                /** @description How to cut the span: hour, day (when not sent), week, month or none. */
                groupBy?: string;
                /** @description An IANA name; when not sent the customer's, else the catalog's. */
                timezone?: string;
                /** @description monday (when not sent) or sunday. */
                weekStart?: string;
                /** @description true shows parts of the span without usage too, so that a chart has no holes. */
                fill?: boolean;
                /** @description The slug of a meter. It must be sent. */
                meter: string;
                /** @description Tell the values of this property of the events apart, too. */
                property?: string;
                /** @description name:value, up to ten times: count only events whose property has the value. */
                filter?: string[] | null;
            };
            header?: never;
            path: {
                /** @description The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text. */
                externalId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                };
            };
        };
    };
    debug: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "seconds": 600
                 *     }
                 */
                "application/json": components["schemas"]["DebugRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Debugging"];
                };
            };
        };
    };
    sendEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "events": [
                 *         {
                 *           "customer": "user_42",
                 *           "meter": "ai_requests",
                 *           "amount": 1,
                 *           "transactionId": "req_1002"
                 *         },
                 *         {
                 *           "customer": "user_43",
                 *           "meter": "tokens",
                 *           "amount": 1830,
                 *           "transactionId": "req_1003",
                 *           "record": true
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["BatchRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "status": 200,
                     *           "event": {
                     *             "customer": "user_42",
                     *             "meter": "ai_requests",
                     *             "amount": 1,
                     *             "transactionId": "req_1002",
                     *             "at": "2026-01-31T15:04:05Z",
                     *             "recordedAt": "2026-01-31T15:04:05Z",
                     *             "charged": 1,
                     *             "paidBy": "ai_requests"
                     *           },
                     *           "balance": {
                     *             "slug": "ai_requests",
                     *             "used": 1,
                     *             "limit": 20,
                     *             "available": 19,
                     *             "unlimited": false,
                     *             "resetsAt": "2026-02-01T00:00:00Z"
                     *           },
                     *           "duplicate": false
                     *         },
                     *         {
                     *           "error": "not_found",
                     *           "message": "There is no customer \"user_43\".",
                     *           "customer": "user_43",
                     *           "status": 404
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BatchAnswer"];
                };
            };
        };
    };
    revokeGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that the grant was answered with. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "Order refunded"
                 *     }
                 */
                "application/json": components["schemas"]["RevokeRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Revoked"];
                };
            };
        };
    };
    hold: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of this act when the body has none: 1 to 255 bytes, the same on every retry. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "meter": "tokens",
                 *       "amount": 4000,
                 *       "transactionId": "req_1004",
                 *       "expiresIn": 600
                 *     }
                 */
                "application/json": components["schemas"]["HoldRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Held"];
                };
            };
        };
    };
    captureHold: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that the hold was answered with. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "amount": 3120
                 *     }
                 */
                "application/json": components["schemas"]["CaptureRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
        };
    };
    releaseHold: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that the hold was answered with. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Held"];
                };
            };
        };
    };
    removeLimitAdjustment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that the limit adjustment was answered with. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitAdjusted"];
                };
            };
        };
    };
    refundPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Stands in for an id that is not sent. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id of a payment. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 500,
                 *       "reason": "requested_by_customer",
                 *       "id": "ticket_17"
                 *     }
                 */
                "application/json": components["schemas"]["RefundRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
        };
    };
    getPlanLimit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The slug of a plan. */
                slug: string;
                /** @description The slug of a meter or of a credits pool. */
                meter: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanLimit"];
                };
            };
        };
    };
    openPortal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "user_42",
                 *       "returnUrl": "https://example.com/billing"
                 *     }
                 */
                "application/json": components["schemas"]["PortalRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PortalSession"];
                };
            };
        };
    };
    listPrices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prices"];
                };
            };
        };
    };
    syncPrice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The slug of a price or a top-up. */
                slug: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 799,
                 *       "currency": "usd"
                 *     }
                 */
                "application/json": components["schemas"]["PriceSync"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShownPrice"];
                };
            };
        };
    };
    cancelSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "when": "period_end"
                 *     }
                 */
                "application/json": components["schemas"]["CancelRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    changeSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "price": "business_monthly"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    pauseSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    previewChange: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "price": "business_monthly"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangePreview"];
                };
            };
        };
    };
    resumeSubscription: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscription"];
                };
            };
        };
    };
    upcomingInvoice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a subscription. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quote"];
                };
            };
        };
    };
    getUsageBatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customers": [
                 *         "user_42",
                 *         "user_43"
                 *       ],
                 *       "meters": [
                 *         "tokens"
                 *       ],
                 *       "period": "last_7_days",
                 *       "groupBy": "day"
                 *     }
                 */
                "application/json": components["schemas"]["UsageBatch"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageByCustomer"];
                };
            };
        };
    };
    getUsageTop: {
        parameters: {
            query?: {
                /** @description current_month (when neither period nor from is sent), last_30_days, last_28_days, current_week, current_period, today, last_7_days or since_reset. Periods begin and end on quarters of an hour. */
                period?: string;
                /** @description With to, instead of a period: an instant such as 2026-01-31T15:04:05Z, or a date, which begins at midnight in the time zone. It counts. */
                from?: string;
                /** @description Where the span ends, which does not count; now when not sent. */
                to?: string;
                /** @description How to cut the span: hour, day (when not sent), week, month or none. */
                groupBy?: string;
                /** @description An IANA name; when not sent the customer's, else the catalog's. */
                timezone?: string;
                /** @description monday (when not sent) or sunday. */
                weekStart?: string;
                /** @description true shows parts of the span without usage too, so that a chart has no holes. */
                fill?: boolean;
                /** @description customer (when not sent): rank the customers of a meter by its total. meter: rank the meters by their events. */
                by?: string;
                /** @description The slug of a meter. It must be sent to rank customers. */
                meter?: string;
                /** @description How many rows to show at most: a whole number from 1 to 100, 10 when not sent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Top"];
                };
            };
        };
    };
    stripeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Received"];
                };
            };
        };
    };
}
