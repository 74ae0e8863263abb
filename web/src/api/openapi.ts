// auto-generated from docs/openapi.json by `npm run api`.

export interface paths {
    "/api/aes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ae"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a DICOM peer known, or replaces what is known of it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Ae"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Ae"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/aes/{title}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets a DICOM peer; what it retrieves now ends. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    title: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agreements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgreementJson"][];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Offer"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgreementJson"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agreements/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgreementJson"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agreements/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AgreementJson"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AlarmsJson"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alarms/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a test by every way that is set. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ToldJson"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description Only entries with a lower number. */
                    before?: number;
                    limit?: number;
                    study?: string;
                    peer?: string;
                    /** @description Only security alerts. */
                    alerts?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditPage"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Backup"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": unknown;
                    };
                };
            };
        };
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
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Studies of ours as pieces: frames of a kind (`J`: JSON, `B`: bytes), a length in 32 bits little endian, and a body. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Export"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-confrere-export": unknown;
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GrantJson"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** The peer's running transfers under it stop, and its copies are erased when it hears of it. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Import"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": unknown;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pairings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pairing"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pairings/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Confirm"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pairing"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/peers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Peer"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/peers/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitation"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/peers/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Join"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pairing"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/peers/{site}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Everything with that site is over: its permits, agreements, connections, and our copies of its studies. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/readings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewReading"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Reading"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rejections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    offset?: number;
                    limit?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rejection"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rejections/{id}/reinstate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rejection"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/site": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SiteFacts"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Storage"];
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    text?: string;
                    patient_id?: string;
                    issuer?: string;
                    from?: string;
                    to?: string;
                    modality?: string[];
                    /** @description `own` or a site key */
                    site?: string;
                    offset?: number;
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StudyPage"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Study"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A study of ours as a zip. */
        get: {
            parameters: {
                query: {
                    /** @description `pdi` (with DICOMDIR and pages) or `files`. */
                    form?: string;
                    /** @description Objects are made Explicit VR Little Endian. */
                    plain?: boolean;
                    /** @description Why it leaves the house, for the log; without names. */
                    purpose: string;
                };
                header?: never;
                path: {
                    study: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/zip": unknown;
                    };
                };
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}/fetch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Reject"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rejection"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}/share": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Share"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Grant"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonJson"][];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a token back; it opens nothing from then on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/transfers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Transfer"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PersonJson"][];
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewUser"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AddedUser"];
                    };
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a user; its sessions end at once. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{name}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a user another password; its sessions end at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewPassword"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AddedUser"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{name}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a user another role; its sessions end at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRole"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": unknown;
                    };
                };
            };
        };
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
        AddedUser: {
            name: string;
            /** @description The generated password, shown this once. */
            password?: string | null;
            role: string;
        };
        Ae: {
            /** @description SHA-256 of the one certificate it shows, in hex; any of the authority's where not given. */
            certificate?: string | null;
            /** @description Whether studies may be moved to it. */
            destination?: boolean;
            /** @description Whether its C-ECHO is answered. */
            echo?: boolean;
            host: string;
            /** @description Whether it is told of each study that is complete. */
            notify?: boolean;
            /** Format: int32 */
            port: number;
            /** @description Which studies it may find and retrieve; none where not given. */
            query?: string;
            /** @description Whether it may store. */
            store?: boolean;
            title: string;
            /** @description Whether it is spoken with by TLS only, both ways. */
            tls?: boolean;
        };
        AgreementJson: {
            clauses: components["schemas"]["ClauseJson"][];
            drafted: string;
            id: string;
            not_after?: string | null;
            not_before: string;
            peer: string;
            peer_name: string;
            /** @description `all`, `on-call`, `case-only` or `custom`. */
            preset: string;
            sentences: components["schemas"]["Sentences"];
            /** @description `offered`, `received`, `active` or `ended`. */
            state: string;
            /** Format: int32 */
            version: number;
        };
        /** @description A condition that stands. */
        AlarmJson: {
            /**
             * @description `disk-filling`, `certificate-ending`, `backup-overdue`, `peer-silent`, `rot-found`, `migration-stopped`,
             *     `tier-unreachable`.
             */
            kind: string;
            /** @description `notice`, `warning` or `critical`. */
            level: string;
            since: string;
            /** @description Which certificate, peer, migration or tier; empty where there is one. */
            subject: string;
            told?: string | null;
            /**
             * Format: int64
             * @description Percent, days, hours or a number, as the kind has it.
             */
            value: number;
        };
        /** @description All that stands. */
        AlarmsJson: {
            /** @description Why the last notice did not go out. */
            fault?: string | null;
            /** @description Whether notices go out by mail. */
            mail: boolean;
            standing: components["schemas"]["AlarmJson"][];
            /** @description Whether notices go out by webhook. */
            webhook: boolean;
        };
        AuditEntry: {
            /** @description Kebab-case of the act, for example `study-opened`. */
            act: string;
            at: string;
            basis?: string | null;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            instances: number;
            note: string;
            /** Format: int64 */
            number: number;
            /** @description `done`, `refused` or `failed`. */
            outcome: string;
            peer?: string | null;
            peer_name?: string | null;
            person: string;
            reason?: string | null;
            role: string;
            site?: string | null;
            site_name?: string | null;
            study?: string | null;
        };
        AuditPage: {
            entries: components["schemas"]["AuditEntry"][];
            more: boolean;
        };
        /** @description Where a backup goes; the passphrase never leaves the machine. */
        Backup: {
            passphrase: string;
            to: string;
        };
        /** @description How backup stands. */
        BackupState: {
            /** Format: int64 */
            age_days?: number | null;
            last?: string | null;
            /** Format: int64 */
            new_bytes: number;
            /**
             * Format: int32
             * @description Overdue after so many days; 0: never.
             */
            rule_days: number;
        };
        ClauseJson: {
            announce: boolean;
            /** Format: int32 */
            cache_days: number;
            fields: string[];
            holder: string;
            hours?: components["schemas"]["Hours"] | null;
            level: string;
            modalities: string[];
            modalities_excluded: string[];
            reader: string;
            /** Format: int32 */
            since_days?: number | null;
        };
        /** @description Whether digits and name agree. */
        Confirm: {
            accept: boolean;
        };
        /** @description Name and password. */
        Credentials: {
            name: string;
            password: string;
        };
        /** @description The body of every error. */
        ErrorBody: {
            /** @description Stable word for programs and translations. */
            error: string;
            /** @description English sentence without patient data. */
            message: string;
            /** @description Reference number in the node's log, for faults of ours. */
            reference?: string | null;
            /**
             * Format: int64
             * @description Seconds after which another try makes sense.
             */
            retry_s?: number | null;
        };
        /** @description Which studies, and how. */
        Export: {
            /** @description `pdi` or `files`. */
            form: string;
            plain?: boolean;
            /** @description Why they leave the house, for the log; without names. */
            purpose: string;
            /** @description Study Instance UIDs of ours. */
            studies: string[];
        };
        Grant: {
            expires: string;
            grant: string;
        };
        /** @description A live grant of ours. */
        GrantJson: {
            expires: string;
            grant: string;
            peer: string;
            peer_name: string;
            study: string;
        };
        Hours: {
            /** @description Minutes of the week, Monday 00:00 is 0; half-open. */
            spans: [
                number,
                number
            ][];
            /** @description IANA time zone. */
            time_zone: string;
        };
        /** @description Files, folders, zips and images on the node's machine. */
        Import: {
            /** @description Nothing that has one of these Patient IDs. */
            leave_out?: string[];
            paths: string[];
            /** @description Only what has one of these Patient IDs; empty: all. */
            patients?: string[];
            /** @description Only say what is there; nothing is taken in. */
            scan?: boolean;
        };
        Invitation: {
            /** @description The code to speak. */
            code: string;
            expires: string;
            id: string;
            /** @description The text to send. */
            invitation: string;
        };
        /** @description What the other site's admin sent and said. */
        Join: {
            code: string;
            invitation: string;
        };
        /** @description A new password for a user, generated when absent. */
        NewPassword: {
            password?: string | null;
        };
        /** @description The study to read, then the priors opened with it. */
        NewReading: {
            studies: string[];
        };
        /** @description A new role for a user. */
        NewRole: {
            role: string;
        };
        NewToken: {
            name: string;
            role: string;
        };
        NewUser: {
            name: string;
            /** @description Generated when absent. */
            password?: string | null;
            role: string;
        };
        /** @description A draft from a preset. */
        Offer: {
            /** Format: int32 */
            cache_days?: number | null;
            /** @description `both` (default), `ours` (they read ours) or `theirs`. */
            direction?: string | null;
            /** @description Only these modalities. */
            modalities?: string[];
            /** @description `all`, `on-call` or `case-only`. */
            preset: string;
            /** @description The agreement this is the next version of. */
            replaces?: string | null;
            /** Format: int32 */
            since_days?: number | null;
            /** @description Key, short key or name of the peer. */
            site: string;
            /** @description For `on-call`: minutes of the week; default nights and week-ends. */
            spans?: [
                number,
                number
            ][];
            /** @description For `on-call`: IANA time zone, default Europe/Paris. */
            time_zone?: string | null;
        };
        Pairing: {
            confirmed_here: boolean;
            confirmed_there: boolean;
            /** @description Six digits to compare, as `123 456`. */
            digits?: string | null;
            expires: string;
            id: string;
            inviter: boolean;
            peer?: string | null;
            peer_name?: string | null;
            reason?: string | null;
            /** @description `waiting`, `compare`, `done` or `failed`. */
            state: string;
            /** Format: int32 */
            tries_left?: number | null;
        };
        Patient: {
            birth_date?: string | null;
            id?: string | null;
            issuer?: string | null;
            name?: string | null;
            sex?: string | null;
        };
        Peer: {
            addresses: string[];
            /**
             * Format: int64
             * @description Their clock minus ours.
             */
            clock_offset_ms?: number | null;
            connected: boolean;
            /**
             * Format: int64
             * @description Bytes of theirs that we keep.
             */
            held_bytes: number;
            last_contact?: string | null;
            name: string;
            paired: string;
            revoked?: string | null;
            /** @description `quic` or `tcp`. */
            road?: string | null;
            site: string;
            /** @description Studies they told us of. */
            studies_told: number;
        };
        PersonJson: {
            name: string;
            role: string;
        };
        Reading: {
            dicomweb_root: string;
            id: string;
            viewer: string;
        };
        /** @description What of the study, and why. */
        Reject: {
            /** @description SOP Instance UID; absent: the whole series. */
            instance?: string | null;
            /** @description For those who look later; without names. */
            note?: string;
            /**
             * @description `113001` (`quality`), `113037` (`patient-safety`), `113038` (`wrong-worklist-entry`), `113039`
             *     (`retention-expired`), of PS3.16 CID 7011.
             */
            reason: string;
            /** @description Series Instance UID; absent: the whole study. */
            series?: string | null;
        };
        /** @description A rejection that stands. */
        Rejection: {
            at: string;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            id: number;
            instances: number;
            note: string;
            person: string;
            /** @description Code value of PS3.16 CID 7011. */
            reason: string;
            study: string;
        };
        /** @description How reading again stands. */
        Scrub: {
            /**
             * Format: int64
             * @description Objects set aside under `objects/rotten`.
             */
            aside: number;
            /**
             * Format: int32
             * @description Once in so many days; 0: never.
             */
            days: number;
            /**
             * Format: int64
             * @description Studies of this pass read so far, of all.
             */
            done: number;
            last?: string | null;
            /** Format: int64 */
            last_faults: number;
            /** Format: int64 */
            last_objects: number;
            /** Format: int64 */
            of: number;
        };
        /** @description The same, as people read it. */
        Sentences: {
            en: string[];
            fr: string[];
        };
        Session: {
            /** @description Actions the role allows: `list-studies`, `read-studies`, … */
            actions: string[];
            person: components["schemas"]["PersonJson"];
        };
        /** @description With whom, and for how long. */
        Share: {
            /** Format: int32 */
            hours: number;
            /** @description Key, short key or name of the peer. */
            site: string;
        };
        SiteFacts: {
            ae_title: string;
            language: string;
            name: string;
            portal_built: boolean;
            site_id: string;
            version: string;
        };
        Status: {
            associations: number;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            cache_bytes: number;
            dimse: string;
            /** Format: int64 */
            free_bytes: number;
            /** Format: int64 */
            instances: number;
            overlay: string;
            peers: components["schemas"]["Peer"][];
            pixels: string;
            portal: string;
            /** Format: int64 */
            rss_bytes: number;
            site: string;
            site_id: string;
            /** Format: int64 */
            studies: number;
            transfers: components["schemas"]["Transfer"][];
            /** Format: int64 */
            uptime_s: number;
            version: string;
        };
        Storage: {
            backup: components["schemas"]["BackupState"];
            /** Format: int64 */
            disk_bytes: number;
            /** Format: int64 */
            free_bytes: number;
            /**
             * Format: int64
             * @description At the present rate; nothing where it does not grow.
             */
            full_in_days?: number | null;
            /** Format: int64 */
            growth_bytes_per_day?: number | null;
            scrub: components["schemas"]["Scrub"];
            uses: components["schemas"]["Use"][];
        };
        Study: {
            accession?: string | null;
            arrived: string;
            /** @description `online`, `remote` or `unreachable`. */
            availability: string;
            body_parts: string[];
            /** Format: int64 */
            bytes: number;
            /** @description `arriving` or `complete`. */
            completeness: string;
            custodian_name: string;
            /** @description `YYYYMMDD`. */
            date?: string | null;
            description?: string | null;
            /** @description `null`: ours. */
            holder?: string | null;
            /** Format: int32 */
            instances: number;
            /** Format: int32 */
            instances_here: number;
            modalities: string[];
            patient: components["schemas"]["Patient"];
            patient_conflict: boolean;
            referrer?: string | null;
            /** Format: int32 */
            series: number;
            site_name: string;
            study: string;
            /** @description `HHMMSS`. */
            time?: string | null;
        };
        StudyPage: {
            more: boolean;
            offset: number;
            studies: components["schemas"]["Study"][];
        };
        Token: {
            /** @description Shown this once. */
            token: string;
        };
        /** @description What a test went by. */
        ToldJson: {
            /** @description Why one did not go out. */
            fault?: string | null;
            mail: boolean;
            webhook: boolean;
        };
        Transfer: {
            /** Format: int64 */
            bytes_done: number;
            /** Format: double */
            bytes_per_s: number;
            /** Format: int64 */
            bytes_total: number;
            /** Format: int32 */
            instances_done: number;
            /** Format: int32 */
            instances_total: number;
            road: string;
            /** Format: double */
            seconds_left?: number | null;
            site: string;
            site_name: string;
            /** @description `running`, `waiting`, `done`, `refused` or `corrupt`. */
            state: string;
            study: string;
        };
        /** @description Bytes of one kind. */
        Use: {
            /** Format: int64 */
            bytes: number;
            /** @description `objects`, `journal`, `index`, `cache`, `aside`, `other`. */
            kind: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
