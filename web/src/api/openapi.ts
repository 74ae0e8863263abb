// auto-generated from docs/openapi.json by `npm run api`.

export interface paths {
    "/api/account": {
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
                        "application/json": components["schemas"]["Account"];
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the own password; all own sessions end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OwnPassword"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a second factor: what the app is told. It holds from its first right code on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Again"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Enrolment"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The first code of the app. Gives the recovery codes. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Code"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Recovery"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/sessions": {
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
                        "application/json": components["schemas"]["SignedIn"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Signs out everywhere, here too. */
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
    "/api/account/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the own sessions. */
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
    "/api/account/tokens": {
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
                        "application/json": components["schemas"]["ListedToken"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a token that speaks for oneself, for some of what one may and for a time. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OwnToken"];
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
    "/api/account/tokens/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes one of the own tokens back. */
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
    "/api/aes/{title}/echo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a known DICOM peer whether it is there (C-ECHO). */
        post: {
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
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Echoed"];
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
    "/api/agreements/preview": {
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
                    "application/json": components["schemas"]["Offer"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PreviewJson"];
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
    "/api/agreements/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends it when what is being read has been read; at once where nothing is. */
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
                    "application/json": components["schemas"]["CloseWithin"];
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
    "/api/agreements/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes our own suspension back. */
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
    "/api/agreements/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Nothing is told or opened under it until we resume it; copies stay, closed. */
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
    "/api/agreements/{id}/under": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What its end would cut. */
        get: {
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
                        "application/json": components["schemas"]["UnderJson"];
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
    "/api/audit/patient": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query: {
                    /** @description Patient ID, as it is shown. */
                    id: string;
                    /** @description Issuer of Patient ID. */
                    issuer?: string;
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
                        "application/json": components["schemas"]["Accesses"];
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
    "/api/cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    tab?: string;
                    /** @description `P0,P1` */
                    priority?: string;
                    /** @description key of the requesting site */
                    site?: string;
                    modality?: string;
                    kind?: string;
                    mine?: boolean;
                    q?: string;
                    limit?: number;
                    /** @description `next` of the page before */
                    after?: string;
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
                        "application/json": components["schemas"]["CasePage"];
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
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRequest"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/cases/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What calls the caller and they have not heard yet, the most urgent first. */
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
                        "application/json": components["schemas"]["AlertJson"][];
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
    "/api/cases/askable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    kind?: string;
                    priority?: string;
                    modality?: string;
                    region?: string;
                    /** @description `clinical`, `screening-first` or `screening-second` */
                    examination?: string;
                    /** @description nuclear medicine physician who is with the patient */
                    on_site?: string;
                    /** @description once for each study */
                    study?: string;
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
                        "application/json": components["schemas"]["Askable"];
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
    "/api/cases/discordances": {
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
                        "application/json": components["schemas"]["DiscordancesJson"];
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
    "/api/cases/loose": {
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
                        "application/json": components["schemas"]["LooseJson"];
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
    "/api/cases/loose/{study}/dismiss": {
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
                    "application/json": components["schemas"]["Dismiss"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/cases/settings": {
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
                        "application/json": components["schemas"]["CaseSettings"];
                    };
                };
            };
        };
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CaseSettings"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CaseSettings"];
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cases/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description First night, `YYYY-MM-DD`; none: thirty nights back. */
                    from?: string | null;
                    /** @description Last night; none: the one of now. */
                    to?: string | null;
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
                        "application/json": components["schemas"]["StatisticsJson"];
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
    "/api/cases/statistics.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    /** @description First night, `YYYY-MM-DD`; none: thirty nights back. */
                    from?: string | null;
                    /** @description Last night; none: the one of now. */
                    to?: string | null;
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
                        "text/csv": unknown;
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
    "/api/cases/teams": {
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
                        "application/json": components["schemas"]["TeamJson"][];
                    };
                };
            };
        };
        /** All of them: what is left out is none any more. Members are accounts that report; names are no accounts'. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TeamJson"][];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TeamJson"][];
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cases/{case}": {
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
                    case: string;
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
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/cases/{case}/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The caller heard what a case calls them for: it is written down, and no screen of theirs calls for it any more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    case: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Heard"];
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
    "/api/cases/{case}/attachments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** PDF, JPEG or PNG by its content, at most 10 MiB, at most 20 of one case. The same bytes twice are there once. */
        post: {
            parameters: {
                query?: {
                    /** @description What the file is called, on one line. */
                    name?: string;
                };
                header?: never;
                path: {
                    case: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CaseJson"];
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
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                415: {
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
    "/api/cases/{case}/attachments/{attachment}": {
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
                    case: string;
                    /** @description its digest */
                    attachment: string;
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
                        "application/octet-stream": unknown;
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
                /** @description it is on its way from the requesting site */
                503: {
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
    "/api/cases/{case}/discordances/{comparison}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The caller knows of the difference. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    case: string;
                    /** @description the event that said so */
                    comparison: string;
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
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/cases/{case}/draft": {
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
                    case: string;
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
                        "application/json": components["schemas"]["DraftJson"];
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
        /** Durable and sealed when it answers. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    case: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DraftJson"];
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
        post?: never;
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    case: string;
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
    "/api/cases/{case}/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A person compared the identities: what they repeat must be what the images say, and what the request says. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    case: string;
                };
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
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/cases/{case}/key-images": {
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
                    case: string;
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
                        "application/json": components["schemas"]["FoundImagesJson"];
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
    "/api/cases/{case}/reports": {
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
                    case: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewReport"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/cases/{case}/reports/{report}/pdf": {
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
                    case: string;
                    /** @description the event that reported */
                    report: string;
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
                        "application/pdf": unknown;
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
    "/api/cases/{case}/steps": {
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
                    case: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewStep"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CaseJson"];
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
    "/api/conflicts": {
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
                    /** @description Conflicts: those decided too. */
                    all?: boolean;
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
                        "application/json": components["schemas"]["Conflict"][];
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
    "/api/conflicts/close": {
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
                    "application/json": components["schemas"]["Close"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Conflict"][];
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
    "/api/conflicts/{id}": {
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
                        "application/json": components["schemas"]["Compared"];
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
    "/api/conflicts/{id}/resolve": {
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
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Decision"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Conflict"];
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
    "/api/corrections": {
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
                    /** @description Conflicts: those decided too. */
                    all?: boolean;
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
                        "application/json": components["schemas"]["CorrectionEntry"][];
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
    "/api/corrections/{id}/undo": {
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
                        "application/json": components["schemas"]["CorrectionEntry"];
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
    "/api/coverages": {
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
                        "application/json": components["schemas"]["CoverageJson"][];
                    };
                };
            };
        };
        put?: never;
        /** Offers a coverage, or its next version, to its other sites. It is in force when all have signed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewCoverage"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CoverageJson"];
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
    "/api/coverages/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs a coverage that another site has offered. */
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
                        "application/json": components["schemas"]["CoverageJson"];
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
    "/api/coverages/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a coverage for all its sites. */
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
                        "application/json": components["schemas"]["CoverageJson"];
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
    "/api/duty": {
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
                        "application/json": components["schemas"]["DutyJson"][];
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
    "/api/duty/cases": {
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
                    "application/json": components["schemas"]["NewCase"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DutyJson"];
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
    "/api/duty/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Closes a case. Permits that rest on it are cut here before the answer, at peers as soon as they hear of it. Shifts end by
         *     their own route, which looks after what is open.
         */
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
                        "application/json": components["schemas"]["DutyJson"];
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
    "/api/emergencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens one patient's studies at another site in an emergency; both sites write it down and review it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Break"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broken"];
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
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
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
                503: {
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
    "/api/grants/{id}/narrow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A narrower grant than this one, for another site. The study's holder decides, and must be reachable. */
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
    "/api/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A patient's studies at all sites, as JSON lines: `patient`, then `study`, `asking`, `site` in the order in which they
         *     come (a study that is told again replaces what was told of it), at last `end`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HistoryOf"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": components["schemas"]["HistoryStudy"];
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
        delete?: never;
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
    "/api/keys": {
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
                        "application/json": components["schemas"]["KeysJson"];
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
    "/api/keys/reseal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Seals anew what is sealed at rest under a key that was changed, and destroys what it hung on. It goes on by itself. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SealAnew"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SealingJson"];
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
    "/api/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives the site a new key. Agreements and copies stay; connections are made anew. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Rotate"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RotatedJson"];
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
                401: {
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
    "/api/labels": {
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
                        "application/json": components["schemas"]["Label"][];
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
    "/api/ledger": {
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
                        "application/json": components["schemas"]["LedgerJson"];
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
    "/api/ledger/evidence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Evidence as a bundle that anybody checks with the sites' public keys. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EvidenceAsked"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": string;
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
    "/api/ledger/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An administrator has looked at all findings; the alarm is over. */
        post: {
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
    "/api/links": {
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
                        "application/json": components["schemas"]["LinkJson"][];
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
    "/api/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures for a collector, in the text format of Prometheus. */
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
                        "text/plain": unknown;
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
    "/api/migrations": {
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
                        "application/json": components["schemas"]["MigrationJson"][];
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
                    "application/json": components["schemas"]["NewMigrationJson"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Begun"];
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
    "/api/migrations/{id}/cancel": {
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
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/migrations/{id}/pause": {
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
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/migrations/{id}/report": {
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
                        "application/json": components["schemas"]["ReportJson"];
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
    "/api/migrations/{id}/report.csv": {
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
                        "text/csv": unknown;
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
    "/api/migrations/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Goes on with one that is paused; with one that is done, for what lacks. */
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
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/patient-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All links, the last that were changed first. */
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
                        "application/json": components["schemas"]["PatientLink"][];
                    };
                };
            };
        };
        put?: never;
        /** Confirms, rejects or takes back that two records are of one patient. Taken back, reading contexts that rest on it end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LinkDecision"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PatientLink"];
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
    "/api/patient-links/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One link, with what was opened by it. */
        get: {
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
                        "application/json": components["schemas"]["PatientLink"];
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
    "/api/patients/merge": {
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
                    "application/json": components["schemas"]["Merge"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CorrectionEntry"];
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
    "/api/peers/{site}/copies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Copies of our studies at a site. */
        get: {
            parameters: {
                query?: {
                    all?: boolean;
                };
                header?: never;
                path: {
                    site: string;
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
                        "application/json": components["schemas"]["CopiesJson"];
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
    "/api/peers/{site}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query: {
                    study: string;
                    at?: string;
                    level?: string;
                    person?: string;
                    purpose?: string;
                };
                header?: never;
                path: {
                    site: string;
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
                        "application/json": components["schemas"]["ExplanationJson"];
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
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/peers/{site}/sees": {
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
                    limit?: number;
                };
                header?: never;
                path: {
                    site: string;
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
                        "application/json": components["schemas"]["SeesJson"];
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
    "/api/peers/{site}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a peer send bytes that mean nothing, for five seconds at most. Stands in the ledgers of both. */
        post: {
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
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrialJson"];
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
                503: {
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
    "/api/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks every paired site whether it knows a patient; a site that does not learns nothing of whom. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AskPresence"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PresenceAnswers"];
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
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
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
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
                    };
                };
                503: {
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
    "/api/readings/viewer": {
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
                        "application/json": components["schemas"]["Viewing"];
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
                401: {
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
    "/api/rejections/notes": {
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
                        "application/json": components["schemas"]["Note"][];
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
    "/api/rejections/notes/{id}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Leaves a note whose sender may not reject: it is not obeyed, also when it is sent again. */
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
                        "application/json": components["schemas"]["Note"];
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
    "/api/rejections/notes/{id}/obey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a note obeyed whose sender may not reject. */
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
                        "application/json": components["schemas"]["Note"];
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
    "/api/restore": {
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
                        "application/json": components["schemas"]["Restore"];
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
    "/api/restore/confirm": {
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
                    "application/json": components["schemas"]["Confirm"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
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
    "/api/restore/fetch-back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes back, of all studies that peers told of, what they copied; tells each study as a line. */
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
    "/api/retention": {
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
                        "application/json": components["schemas"]["StudyKept"][];
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
    "/api/retention/erased": {
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
                        "application/json": components["schemas"]["Erased"][];
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
    "/api/retention/proposals": {
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
                        "application/json": components["schemas"]["Proposed"][];
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
                    "application/json": components["schemas"]["NewProposal"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Proposed"];
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
    "/api/retention/proposals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: {
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
    "/api/retention/proposals/{id}/approve": {
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
                        "application/json": components["schemas"]["Erased"];
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
    "/api/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    all?: boolean;
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
                        "application/json": components["schemas"]["Review"][];
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
    "/api/reviews/{id}": {
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
                    "application/json": components["schemas"]["Reviewed"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Review"];
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
    "/api/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What each role allows, of the table that is asked at every request. */
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
                        "application/json": components["schemas"]["RoleRow"][];
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
    "/api/rosters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Some days of a coverage: its calendar, its shifts, and the minutes that nobody has. */
        get: {
            parameters: {
                query?: {
                    /** @description A coverage in force; not said: the site's own shifts. */
                    coverage?: string | null;
                    /** @description The first day, by the coverage's wall; default: today. */
                    from?: string | null;
                    /** @description How many, at most 42; default: 7. */
                    days?: number | null;
                    /** @description Where no coverage says it: an IANA time zone; default: UTC. */
                    zone?: string | null;
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
                        "application/json": components["schemas"]["RosterJson"];
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
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rosters/who": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is asked for a study, in order: own site, group, department, region, company; with the reason of each that is not. */
        get: {
            parameters: {
                query?: {
                    /** @description Whose study it is: name or key; default: this site. */
                    site?: string | null;
                    /** @description Separated by commas; not said: not known yet. */
                    modalities?: string | null;
                    /** @description Body parts, separated by commas. */
                    regions?: string | null;
                    /** @description RFC 3339; default: now. */
                    at?: string | null;
                    /** @description Sites that refused it, separated by commas. */
                    refused?: string | null;
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
                        "application/json": components["schemas"]["RungJson"][];
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
    "/api/rosters/{id}/calendar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This site's shifts of a coverage as iCalendar (RFC 5545). */
        get: {
            parameters: {
                query?: {
                    /** @description The first day; default: today. */
                    from?: string | null;
                    /** @description How many; default and at most 366. */
                    days?: number | null;
                };
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
                        "text/calendar": unknown;
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
        /** Reads an iCalendar file (RFC 5545), at most 256 KiB, into this site's shifts of a coverage. */
        post: {
            parameters: {
                query?: {
                    /** @description Say what would become of the file, and change nothing; default: false. */
                    trial?: boolean | null;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "text/calendar": string;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ImportJson"];
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
    "/api/routes": {
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
                        "application/json": components["schemas"]["Route"][];
                    };
                };
                503: {
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
    "/api/routes/drop": {
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
                    "application/json": components["schemas"]["DropRoute"];
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
    "/api/routes/retry": {
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
                    "application/json": components["schemas"]["Retry"];
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
    "/api/rules": {
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
                        "application/json": components["schemas"]["KeptRule"][];
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
                    "application/json": components["schemas"]["RuleJson"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeptRule"];
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
    "/api/rules/peers": {
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
                        "application/json": components["schemas"]["PeerRules"];
                    };
                };
                503: {
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
    "/api/rules/peers/drop": {
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
                    "application/json": components["schemas"]["DropPeer"];
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
    "/api/rules/peers/retry": {
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
                    "application/json": components["schemas"]["RetryPeer"];
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
    "/api/rules/test": {
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
                    "application/json": components["schemas"]["TryOut"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TriedOut"];
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
    "/api/rules/{id}": {
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
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RuleJson"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeptRule"];
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
        delete: {
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
        /** Signs out. Who came by an identity provider is told where to sign out there. */
        delete: {
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
                        "application/json": components["schemas"]["Leave"];
                    };
                };
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
    "/api/session/provider": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a sign-in at the identity provider: where the browser is to go. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ToProvider"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AtProvider"];
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
                502: {
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
    "/api/session/provider/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the provider sends browsers back to. Leads on to a page of the portal. */
        get: {
            parameters: {
                query?: {
                    state?: string;
                    code?: string | null;
                    error?: string | null;
                    iss?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description on to the page, or to the sign-in page with the word of what is wrong */
                303: {
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
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/provider/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The code that somebody owes who came by the provider. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Code"];
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
    "/api/shifts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All shifts that are known here: of this site, and of the sites of its coverages. */
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
                        "application/json": components["schemas"]["ShiftJson"][];
                    };
                };
            };
        };
        put?: never;
        /** Plans a shift of one's own, or, as an administrator, of anybody of this site. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewShiftJson"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShiftJson"];
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
    "/api/shifts/alive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A page that is looked at says every some seconds that it is. */
        post: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/shifts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Moves a shift, or gives it to somebody else, who then has to confirm it. */
        put: {
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
                    "application/json": components["schemas"]["NewShiftJson"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShiftJson"];
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/shifts/{id}/handing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is open of a shift's person. Names of patients are for those who list cases. */
        get: {
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
                        "application/json": components["schemas"]["HandingJson"];
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
    "/api/shifts/{id}/offer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Offers a shift, with what is open, to another one. It is handed over when that has acknowledged it. */
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
                    "application/json": components["schemas"]["OtherShift"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShiftJson"];
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
    "/api/shifts/{id}/relieve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Acknowledges what another shift has offered: from now on it is this one's. */
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
                    "application/json": components["schemas"]["OtherShift"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShiftJson"];
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
    "/api/shifts/{id}/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The person is there. Links to the covered sites are tried by the node; all of it is kept with the shift. */
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
                    "application/json": components["schemas"]["Tried"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShiftJson"];
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
    "/api/shifts/{id}/{step}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** One step: `confirm`, `doubt` (takes a confirmation back), `keep` (takes the offer of a hand-over back), `end`. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    step: string;
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
                        "application/json": components["schemas"]["ShiftJson"];
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
    "/api/sources": {
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
                        "application/json": components["schemas"]["SourceJson"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds a source, or changes the one of that name. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSource"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/sources/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets a source and its credentials; its migrations are cancelled. */
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
    "/api/sources/{name}/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a source for studies; the body holds conditions by keyword (`{"PatientID": "42"}`), at least one. */
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
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FoundThere"][];
                    };
                };
                502: {
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
    "/api/sources/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a source whether it is there. */
        post: {
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
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Tested"];
                    };
                };
                502: {
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
    "/api/spare": {
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
                        "application/json": components["schemas"]["SecondCopies"];
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
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeepingOffer"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeepingJson"];
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
    "/api/spare/erase": {
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
                    "application/json": components["schemas"]["KeptErase"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
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
    "/api/spare/export": {
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
                    "application/json": components["schemas"]["KeptExport"];
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
    "/api/spare/{id}/accept": {
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
                        "application/json": components["schemas"]["KeepingJson"];
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
    "/api/spare/{id}/end": {
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
                        "application/json": components["schemas"]["KeepingJson"];
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
    "/api/spare/{id}/prove": {
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
                    "application/json": components["schemas"]["Prove"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProvedJson"];
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
                503: {
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
                    /** @description all of these */
                    label?: string[];
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
    "/api/studies/{study}/cases": {
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
                        "application/json": components["schemas"]["StudyCase"][];
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
    "/api/studies/{study}/correct": {
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
                    "application/json": components["schemas"]["Correct"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CorrectionEntry"];
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
    "/api/studies/{study}/digest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A peer's study at a glance, in one round trip; `null` of one that is ours, or whose site knows no such thing. */
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
                        "application/json": components["schemas"]["GlanceJson"] | null;
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
                503: {
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
    "/api/studies/{study}/forecast": {
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
                        "application/json": components["schemas"]["ForecastJson"] | null;
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
    "/api/studies/{study}/holders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who holds copies of a study of ours. */
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
                        "application/json": components["schemas"]["CopiesJson"];
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
    "/api/studies/{study}/identities": {
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
                        "application/json": components["schemas"]["Identity"][];
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
    "/api/studies/{study}/labels": {
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
                    "application/json": components["schemas"]["Relabel"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Labels"];
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
    "/api/studies/{study}/previews": {
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
                        "application/json": components["schemas"]["PreviewsJson"];
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
        /** Has previews of a peer's whole study brought before the rest of its images. */
        post: {
            parameters: {
                query?: {
                    /** @description `long`: only where the whole study takes long over its link */
                    when?: string;
                };
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
                    content: {
                        "application/json": components["schemas"]["PreviewsJson"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study}/previews/{series}/{instance}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The preview of an image, as long as the image is not here. 404: there is none, or the image is here. */
        get: {
            parameters: {
                query?: {
                    /** @description center,width */
                    window?: string;
                    /** @description from 1: no other frame is given */
                    frame?: number;
                };
                header?: never;
                path: {
                    study: string;
                    series: string;
                    instance: string;
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
                        "image/png": unknown;
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
    "/api/studies/{study}/purpose": {
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
                        "application/json": components["schemas"]["PurposesJson"];
                    };
                };
            };
        };
        put?: never;
        /** The purpose goes with each request to the study's holder, who refuses one that is not agreed. */
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
                    "application/json": components["schemas"]["NewPurpose"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PurposesJson"];
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
    "/api/studies/{study}/reports": {
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
                        "application/json": components["schemas"]["StudyReport"][];
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
    "/api/studies/{study}/retention": {
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
                        "application/json": components["schemas"]["StudyKept"];
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
                    "application/json": components["schemas"]["NewClaim"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Recorded"];
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
    "/api/studies/{study}/rules": {
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
                        "application/json": components["schemas"]["StudyRules"];
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
    "/api/studies/{study}/shown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a viewer page of the caller shows of a peer's study that the caller has open: it comes before all else. The last word of
         *     a page counts, for a minute. Of a study that is here, or not open, nothing follows.
         */
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
                    "application/json": components["schemas"]["ShownJson"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
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
    "/api/studies/{study}/signatures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Checks the signatures that the objects of a study carry. */
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
                        "application/json": components["schemas"]["SignaturesJson"];
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
    "/api/studies/{study}/tier": {
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
                        "application/json": components["schemas"]["StudyTier"];
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
                    "application/json": components["schemas"]["Wanted"];
                };
            };
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
    "/api/studies/{study}/undecoded": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whoever signs is told of it. Durable when it answers. */
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
                    "application/json": components["schemas"]["TriedJson"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ErrorBody"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tiers": {
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
                        "application/json": components["schemas"]["Tiers"];
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
                        "application/json": components["schemas"]["ListedToken"][];
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
    "/api/transfers/outgoing": {
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
                        "application/json": components["schemas"]["OutgoingJson"][];
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
    "/api/transfers/{site}/{study}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives up what is not here and nobody looks at; what is here stays. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site: string;
                    study: string;
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/transfers/{site}/{study}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Brings no more than what somebody looks at, until it goes on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    site: string;
                    study: string;
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/transfers/{site}/{study}/resume": {
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
                    site: string;
                    study: string;
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads": {
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
                        "application/json": components["schemas"]["Begun"];
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
    "/api/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: {
            parameters: {
                query: {
                    /** @description The file's path on the medium. */
                    name: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
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
        post?: never;
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
                        "application/json": components["schemas"]["UserJson"][];
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
    "/api/users/{name}/disabled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Disables a leaver's account, or enables it again. Sessions and tokens end at once; the answer says which. */
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
                    "application/json": components["schemas"]["Disabled"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Leaving"];
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
    "/api/users/{name}/origin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says who a user is at the identity provider: from then on they come in by it. */
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
                    "application/json": components["schemas"]["Link"];
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
        /** From then on the identity provider opens the account no more; its sessions and tokens end. */
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
    "/api/users/{name}/professional": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets a user's professional identifier and credentials. */
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
                    "application/json": components["schemas"]["Professional"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
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
    "/api/users/{name}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a user's second factor away: the phone is lost. Its sessions end. */
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
    "/api/users/{name}/sessions": {
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
                    name: string;
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
                        "application/json": components["schemas"]["SignedIn"][];
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
        /** Signs a user out everywhere. */
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
    "/api/users/{name}/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one session of a user. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
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
    "/api/withheld": {
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
                        "application/json": components["schemas"]["WithheldRow"][];
                    };
                };
            };
        };
        put?: never;
        /** In force at once: peers hear that the studies are withdrawn and erase their copies; what runs is cut. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Withhold"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WithheldRow"];
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
    "/api/withheld/{id}/release": {
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
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WithheldRow"];
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What was done with a patient's studies. */
        Accesses: {
            /** @description Newest first. */
            entries: components["schemas"]["AuditEntry"][];
            /** @description Whether older entries, or further studies, are left out. */
            more: boolean;
            /** @description Study Instance UIDs the list is about. */
            studies: string[];
        };
        /** @description The account of whoever asks. */
        Account: {
            /** @description There is a password to sign in by. */
            has_password: boolean;
            name: string;
            needs_second_factor: boolean;
            origin?: components["schemas"]["Origin"] | null;
            professional: components["schemas"]["Professional"];
            /** @description Recovery codes that were not used yet. */
            recovery_left: number;
            role: string;
            second_factor: boolean;
        };
        /** @description What a rule has done. */
        ActionsJson: {
            /**
             * Format: int32
             * @description Hours after which it goes to the cold tier, compressed; 0: at once; absent: not.
             * @default null
             */
            cold_after_h: number | null;
            /** @default null */
            fetch: components["schemas"]["FetchJson"] | null;
            /** @default [] */
            labels: string[];
            /**
             * @description Peers that are told that it is meant for them: keys, short keys or names.
             * @default []
             */
            offers: string[];
            /**
             * Format: int32
             * @description Earlier studies of the patient to bring here; 0: none.
             * @default 0
             */
            priors: number;
            /**
             * @description AE titles to send to.
             * @default []
             */
            routes: string[];
        };
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
            /** @description Whether its rejection notes are obeyed (IHE RAD IOCM). */
            reject?: boolean;
            /** @description Whether it may store. */
            store?: boolean;
            title: string;
            /** @description Whether it is spoken with by TLS only, both ways. */
            tls?: boolean;
        };
        /** @description Who begins a second factor shows again who they are. */
        Again: {
            /** @description Of the factor there is, where there is one. */
            code?: string | null;
            password: string;
        };
        AgreementJson: {
            changes?: components["schemas"]["ChangesJson"] | null;
            clauses: components["schemas"]["ClauseJson"][];
            closing?: components["schemas"]["ClosingJson"] | null;
            drafted: string;
            id: string;
            legal_reference: string;
            not_after?: string | null;
            not_before: string;
            /** @description The drafting one first. */
            parties: components["schemas"]["PartyJson"][];
            peer: string;
            peer_name: string;
            /** @description `all`, `on-call`, `case-only` or `custom`. */
            preset: string;
            /** @description `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`; empty: not limited. */
            purposes: string[];
            sentences: components["schemas"]["Sentences"];
            /** @description `offered`, `received`, `active`, `suspended`, `closing` or `ended`. */
            state: string;
            suspended: components["schemas"]["SuspendedJson"][];
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
            fault?: components["schemas"]["Fault"] | null;
            /** @description Whether notices go out by mail. */
            mail: boolean;
            standing: components["schemas"]["AlarmJson"][];
            /** @description Whether notices go out by webhook. */
            webhook: boolean;
        };
        /** @description Why the caller is called. */
        AlertJson: {
            at: string;
            case: string;
            /** @description Its name, for saying that it was heard. */
            id: string;
            /**
             * @description `asked`, `prioritised`, `critical`, `escalated`, `late`, `refused`, `info-asked`, `compared`, `lost`, `held`, `lowered`,
             *     `differs`, `reopened`, `cancelled`, `named`, `answered`, `reported`, `said`, `given`, `taken` or `moved`.
             */
            kind: string;
            lost_to?: components["schemas"]["HolderJson"] | null;
            priority: string;
            /** @description Where it was made that calls. */
            site_name: string;
            /** @description Word of a reason, or what a person wrote. */
            text: string;
        };
        /** @description The last amendment of a study. */
        AmendedStudy: {
            at: string;
            /** @description Keywords of attributes that read otherwise than in the objects. */
            attributes: string[];
            /** @description `corrected`, `rejected`, `reinstated` or `replaced`. */
            what: string;
        };
        /** @description Whom to ask for. It goes no further than this node. */
        AskPresence: {
            /** @description The national number of a qualified identity, fifteen characters. */
            ins: string;
            /** @description The object identifier of who issued it. Default: `1.2.250.1.213.1.4.8`. */
            issuer?: string | null;
        };
        /** @description What can be asked of whom. */
        Askable: {
            /** @description By when an answer is due where the request says nothing. */
            answer_by: string;
            /** @description Whether it has to be said that the examination is a screening, or none. */
            needs_examination: boolean;
            /** @description Whether a nuclear medicine physician on site has to be named, or an opinion asked for instead. */
            needs_on_site: boolean;
            /** @description Why it is not read from afar, whoever is asked: `screening-first`, `screening-second` or `nuclear-alone`. */
            rule?: string | null;
            sites: components["schemas"]["AskableSite"][];
        };
        /** @description A site that may be asked, or not. */
        AskableSite: {
            /** @description `not-agreed`, `out-of-scope`, `from-afar` or `unreachable`; `null`: it may be asked. */
            bar?: string | null;
            /** @description As far as rosters tell: whom a request names beside them is not checked. */
            people: components["schemas"]["KnownPerson"][];
            site: string;
            site_name: string;
            /** @description Teams that may be named, as the site said last. */
            teams: string[];
        };
        AskedJson: {
            /** @description `waiting`, `timed-out`, `accepted` or `refused`. */
            answer: string;
            /** Format: int32 */
            rank: number;
            reason?: string | null;
            site: string;
            site_name: string;
            until?: string | null;
            /** @description Person or team; empty: whoever is on duty. */
            whom: string;
        };
        /** @description Where the browser goes. */
        AtProvider: {
            url: string;
        };
        /** @description What goes with the request beside its images. */
        AttachmentJson: {
            at: string;
            /** @description Its digest, by which it is opened. */
            attachment: string;
            /** Format: int32 */
            bytes: number;
            /** @description Its bytes are here, and not still on their way. */
            here: boolean;
            /** @description `application/pdf`, `image/jpeg` or `image/png`, by its content. */
            media: string;
            name: string;
            person: string;
        };
        AuditEntry: {
            /** @description Kebab-case of the act, for example `study-opened`. */
            act: string;
            /** @description The network address from which it was done, where a door saw it. */
            address?: string | null;
            /** @description The AE title that was called by. */
            ae?: string | null;
            at: string;
            basis?: string | null;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            instances: number;
            /** @description The remark as it was written: English, names, numbers. */
            note: string;
            /** @description The same in French, as far as it is a sentence of the node's. */
            note_fr: string;
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
        /** @description An upload that was begun. */
        Begun: {
            id: string;
        };
        /** @description A person breaks the glass: for whom, why, and once more who they are. */
        Break: {
            /** @description `YYYYMMDD`. */
            birth_date?: string | null;
            /** @description Of the second factor, where there is one. */
            code?: string | null;
            /** @description Who issued the identifier: an OID (`1.2.250.1.213.1.4.8` is the French national identity), or the site's name. */
            issuer?: string | null;
            /** @description Without identifier: `FAMILY^Given`, with birth date and sex. */
            name?: string | null;
            password: string;
            patient_id?: string | null;
            /** @description Through the command line: whose account it is. */
            person?: string | null;
            /** @description `danger-to-life`, `cannot-consent`, `urgent-transfer`, `urgent-opinion` or `other`. */
            reason: string;
            /** @description `F`, `M` or `O`. */
            sex?: string | null;
            /** @description Key, short key or name of the site that holds the studies. */
            site: string;
            /** @description At least ten characters; without names. */
            text: string;
        };
        /** @description One of several sites that a study comes from. */
        BringerJson: {
            /**
             * Format: int64
             * @description Verified bytes of the study that it brought.
             */
            bytes: number;
            /** Format: double */
            bytes_per_s: number;
            /** @description `direct`, `punched`, `tcp`, `relay`, or `none`. */
            road: string;
            site: string;
            site_name: string;
        };
        /** @description The glass is broken: what every view of these studies says. */
        Broken: {
            at: string;
            ends: string;
            person: string;
            reason: string;
            request: string;
            site_name: string;
            studies: string[];
            text: string;
        };
        Candidate: {
            case: string;
            /** @description What is equal: `accession` or `patient-id`. A person compares the rest. */
            why: string;
        };
        /** @description A rule on what peers tell of, rather than on what arrives here. */
        CardsJson: {
            /**
             * @description Only what the peer offers to us.
             * @default false
             */
            offered: boolean;
            /**
             * @description Of these peers: keys, short keys or names; empty: of any.
             * @default []
             */
            peers: string[];
        };
        /** @description A case. */
        CaseJson: components["schemas"]["CaseRow"] & {
            /** @description Words of what the caller may do now. */
            actions: string[];
            asked: components["schemas"]["AskedJson"][];
            attachments: components["schemas"]["AttachmentJson"][];
            comparisons: components["schemas"]["ComparisonJson"][];
            complement?: string | null;
            /** @description `informed`, `unable` or `open`. */
            consent: string;
            context: string;
            contraindications: string;
            /** @description `technologist`, `mpps` or `pacs`. */
            count_confirmed_by?: string | null;
            /** @description What is recorded here of what the caller may read. */
            credentials: components["schemas"]["CredentialsJson"];
            escalation: components["schemas"]["EscalationJson"];
            events: components["schemas"]["EventJson"][];
            /** @description `clinical`, `screening-first` or `screening-second`; empty: not said. */
            examination: string;
            /** @description Who the patient is, as it was said from the request on. */
            identities: components["schemas"]["IdentifiedJson"][];
            justification: string;
            key_images: components["schemas"]["KeyImageJson"][];
            /** @description Nuclear medicine physician who is with the patient; empty: nobody named. */
            on_site_physician: string;
            patient_of_images?: components["schemas"]["CasePatient"] | null;
            priors: string;
            protocol?: string | null;
            reports: components["schemas"]["CaseReportJson"][];
            skipped: components["schemas"]["SkippedJson"][];
            study_list: components["schemas"]["CaseStudyJson"][];
            thread: components["schemas"]["MessageJson"][];
            /** @description Who here had a report in hand that was found to differ since; empty for whoever may not administer. */
            told: components["schemas"]["InHandJson"][];
            /** @description Who reads it beyond their credentials, and why. */
            uncovered: components["schemas"]["UncoveredJson"][];
        };
        CasePage: {
            /** @description For `after`; `null`: this is the last page. */
            next?: string | null;
            now: string;
            rows: components["schemas"]["CaseRow"][];
            sites: components["schemas"]["CoveredSite"][];
            /** @description Rows of each tab, after the other filters. */
            tabs: {
                [key: string]: number;
            };
            total: number;
        };
        /** @description Who it is about, as the requesting site identifies them. */
        CasePatient: {
            /** @description `YYYYMMDD`; empty: nobody knows. */
            birth_date: string;
            id?: string;
            /** @description `provisional`, `retrieved`, `validated`, `qualified` or `unknown`. */
            identity?: string | null;
            /** @description The national number; only of a qualified identity. */
            ins?: string | null;
            issuer?: string;
            /** @description DICOM's form, components separated by `^`; empty: nobody knows. */
            name: string;
            /** @description `F`, `M`, `O` or empty. */
            sex?: string;
        };
        CaseReportJson: {
            acknowledged: boolean;
            against_rules: boolean;
            at: string;
            claimed: boolean;
            conclusion: string;
            critical: boolean;
            delivered: boolean;
            despite: string;
            /** @description The event that reported. */
            event: string;
            findings: string;
            /** @description Until when somebody is to hear of a critical result that nobody heard of yet. */
            hear_by?: string | null;
            /** @description Who heard of it, or was called, and read it back. */
            heard?: string | null;
            indication: string;
            /** @description Images that its author points at, with what was measured there. */
            key_images: components["schemas"]["KeyImageJson"][];
            language: string;
            /** @description Of whom, as its author knew the patient. */
            patient: components["schemas"]["CasePatient"];
            person: string;
            read: components["schemas"]["ReadJson"][];
            site: string;
            site_name: string;
            /** @description `preliminary`, `final`, `addendum` or `second-reading`. */
            standing: string;
            technique: string;
            unheard: boolean;
        };
        /** @description A row of the list. */
        CaseRow: {
            accession: string;
            accession_issuer: string;
            /** @description By when the requester wants an answer; `null`: as the priority says. */
            answer_by?: string | null;
            case: string;
            changed: string;
            claim?: components["schemas"]["ClaimJson"] | null;
            due?: components["schemas"]["DueJson"] | null;
            /**
             * @description `escalated`, `on-hold`, `info-asked`, `critical-unheard`, `comparison-owed`, `late-images`, `other-patient`, `no-images`,
             *     `count-unconfirmed`, `called-off`, `unreachable`, `breached`.
             */
            flags: string[];
            images: components["schemas"]["ImagesJson"];
            kind: string;
            modality: string;
            owner: components["schemas"]["OwnerJson"];
            patient: components["schemas"]["CasePatient"];
            priority: string;
            question: string;
            reader?: string | null;
            reader_name?: string | null;
            region: string;
            requested: string;
            requested_by: string;
            requester: string;
            requester_name: string;
            /** @description `requester`, `reader`, `asked` or `party`: this site's part. */
            role: string;
            stage: string;
            studies: string[];
            /** @description `YYYYMMDD` of the first study; empty: not known. */
            study_date: string;
            tab: string;
            telephone: string;
        };
        /** @description Delays in seconds, by priority from P0. */
        CaseSettings: {
            answer_s: number[];
            final_s: number[];
            /**
             * Format: int32
             * @description Until somebody hears of a critical result.
             */
            hear_s: number;
            /**
             * Format: int32
             * @description Until a claim that nobody works on is given back.
             */
            idle_s: number;
            /**
             * Format: int32
             * @description Until a request without images, or a study without a request, is told.
             */
            images_s: number;
            preliminary_s: number[];
            /** @description Asked in turn, where no roster says otherwise. */
            ranks: components["schemas"]["RankJson"][];
            /**
             * @description Studies of these modalities need a request; empty: those that another site is to read by a coverage, and those that look
             *     like what an open request waits for.
             */
            requested_modalities: string[];
            /**
             * Format: int32
             * @description Until a site counts as silent.
             */
            silent_s: number;
            /** @description Called when nobody answers. */
            telephones: components["schemas"]["TelephoneJson"][];
        };
        CaseStudyJson: {
            date: string;
            /** Format: int32 */
            expected?: number | null;
            /** Format: int32 */
            here: number;
            holder?: string | null;
            holder_name: string;
            /** Format: int32 */
            instances: number;
            /** @description `request`, `accession` or `confirmed`. */
            joined_by: string;
            study: string;
            /** @description `HHMMSS`. */
            time?: string | null;
            /** @description The time zone of date and time, by its IANA name; `null`: nobody says. */
            time_zone?: string | null;
            /**
             * Format: int32
             * @description Images that could not be decoded, here or in a viewer of this site.
             */
            undecoded: number;
            /**
             * Format: int32
             * @description Minutes that date and time are ahead of UTC; `null`: nobody says.
             */
            utc_offset_min?: number | null;
            /** @description No bytes were met that are not those signed. */
            verified: boolean;
            /**
             * Format: int64
             * @description Of the manifest that was said to be ready.
             */
            version?: number | null;
            /**
             * Format: int64
             * @description Of the newest one known here.
             */
            version_here?: number | null;
        };
        /** @description What a version says otherwise than the one in force. */
        ChangesJson: {
            added: components["schemas"]["Sentences"];
            removed: components["schemas"]["Sentences"];
            /**
             * Format: int32
             * @description The version in force.
             */
            version: number;
        };
        /** @description One condition held against a study. */
        CheckJson: {
            condition: string;
            found: string;
            holds: boolean;
            wanted: string;
        };
        ClaimJson: {
            at: string;
            /** @description It is the caller's. */
            mine: boolean;
            person: string;
            site: string;
            site_name: string;
        };
        ClauseJson: {
            announce: boolean;
            /**
             * Format: int32
             * @description The glass may be broken; each use is reviewed within so many hours.
             */
            break_glass_hours?: number | null;
            /** Format: int32 */
            cache_days: number;
            fields: string[];
            holder: string;
            hours?: components["schemas"]["Hours"] | null;
            /** Format: int32 */
            kbits_max?: number | null;
            level: string;
            modalities: string[];
            modalities_excluded: string[];
            /** @description Only who is on duty at the reader's site. */
            on_duty: boolean;
            /** @description Whether the reader may pass studies on. */
            onward: boolean;
            /** @description The reader may ask whether the holder knows a patient. */
            presence: boolean;
            reader: string;
            /** @description Body parts examined (0018,0015). */
            regions: string[];
            regions_excluded: string[];
            /** Format: int32 */
            since_days?: number | null;
            /** @description Only while the holder has a case open on the study with the reader. */
            with_case: boolean;
        };
        /** @description Terms of a clause. */
        ClauseOffer: {
            /**
             * Format: int32
             * @default null
             */
            break_glass_hours: number | null;
            /**
             * Format: int32
             * @default null
             */
            cache_days: number | null;
            /** @default null */
            fields: string[] | null;
            /**
             * Format: int32
             * @default null
             */
            kbits_max: number | null;
            /** @default null */
            level: string | null;
            /** @default [] */
            modalities: string[];
            /** @default [] */
            modalities_excluded: string[];
            /**
             * @description Only who is on duty at the reader's site.
             * @default false
             */
            on_duty: boolean;
            /** @default false */
            onward: boolean;
            /**
             * @description The reader may ask whether the holder knows a patient.
             * @default false
             */
            presence: boolean;
            /** @default [] */
            regions: string[];
            /** @default [] */
            regions_excluded: string[];
            /**
             * Format: int32
             * @default null
             */
            since_days: number | null;
            /** @default [] */
            spans: [
                number,
                number
            ][];
            /** @default null */
            time_zone: string | null;
            /**
             * @description Only while the holder has a case open on the study with the reader.
             * @default false
             */
            with_case: boolean;
        };
        /** @description Decided conflicts to close. */
        Close: {
            ids: number[];
            /** @description Why now, where the time of undoing is not over; without names. */
            reason?: string;
        };
        /** @description Within how many hours an agreement ends at the latest. */
        CloseWithin: {
            /**
             * Format: int32
             * @description 1 to 168.
             */
            hours: number;
        };
        /** @description Who ends it when what is being read has been read. */
        ClosingJson: {
            name: string;
            site: string;
            /** @description At the latest. */
            until: string;
        };
        Code: {
            code: string;
        };
        /** @description A study in the cold tier. */
        ColdStudy: {
            /** Format: int64 */
            bytes: number;
            date?: string | null;
            description?: string | null;
            patient_name?: string | null;
            /**
             * Format: int64
             * @description Seconds that recalling it may take; `null`: not measured yet.
             */
            recall_s?: number | null;
            study: string;
        };
        /** @description A conflict with both objects. */
        Compared: {
            conflict: components["schemas"]["Conflict"];
            first?: components["schemas"]["Side"] | null;
            other?: components["schemas"]["Side"] | null;
        };
        ComparisonJson: {
            /** @description `none`, `minor`, `moderate`, `major`, `severe`; `null`: owed. */
            class?: string | null;
            /** @description The event that said so; `null`: owed. */
            event?: string | null;
            /** @description The caller had one of them in hand before they were found to differ, and has not said yet that they know. */
            mine: boolean;
            person?: string | null;
            reports: string[];
            text?: string | null;
            /** @description They differ, and nobody at the requesting site has acknowledged either report since it knows that. */
            unread: boolean;
        };
        /** @description What a report comes to. */
        ConclusionJson: {
            at: string;
            /** @description There is more of it. */
            cut: boolean;
            person: string;
            site: string;
            site_name: string;
            /** @description `preliminary`, `final`, `addendum` or `second-reading`. */
            standing: string;
            text: string;
        };
        /** @description Which studies a rule means. Patterns take `*` and `?`; case and accents do not count; of each list one must match. */
        ConditionsJson: {
            /**
             * Format: int32
             * @description Years at the date of the study, inclusive.
             * @default null
             */
            age_from: number | null;
            /**
             * Format: int32
             * @default null
             */
            age_to: number | null;
            /** @default [] */
            body_parts: string[];
            /**
             * @description Study Description.
             * @default []
             */
            descriptions: string[];
            /**
             * @description When it was complete, `19:00-06:00` by the node's clock.
             * @default null
             */
            hours: string | null;
            /**
             * @description Institution Name (0008,0080), of the same series.
             * @default []
             */
            institutions: string[];
            /**
             * @description One series must match all that is asked of series: modality, station, its description, body part.
             * @default []
             */
            modalities: string[];
            /**
             * @description Referring Physician's Name.
             * @default []
             */
            referrers: string[];
            /**
             * @description AE titles, or names of accounts and tokens, by which it came in.
             * @default []
             */
            senders: string[];
            /** @default [] */
            series_descriptions: string[];
            /** @default [] */
            stations: string[];
        };
        /** @description Whether digits and name agree. */
        Confirm: {
            accept: boolean;
            /** @description The peer that it is, which has lost its key: its name, key, or the beginning of the key. */
            replaces?: string | null;
        };
        /** @description Other bytes under a known SOP Instance UID. */
        Conflict: {
            at: string;
            /** Format: int64 */
            bytes: number;
            /** @description From then on it may be closed without giving a reason; `null`: it is not decided, or closed. */
            closable?: string | null;
            closed?: components["schemas"]["DecidedBy"] | null;
            decided?: components["schemas"]["DecidedBy"] | null;
            /** @description Of the bytes that were erased. */
            erased?: string | null;
            /** Format: int64 */
            id: number;
            instance: string;
            /** @description Of the other bytes. */
            patient: components["schemas"]["Patient"];
            /** @description Who sent the other bytes. */
            person: string;
            series: string;
            /** @description `open`, `keep`, `take` or `elsewhere`. */
            state: string;
            study: string;
        };
        /** @description Copies of a study, or at a site: what is overdue first, what is erased last. */
        CopiesJson: {
            /** @description At most a thousand. */
            copies: components["schemas"]["CopyJson"][];
            /** @description Copies that may still be there. */
            held: number;
            /** @description Of these, such as should be gone. */
            overdue: number;
        };
        /** @description A copy of a study of ours at another site. */
        CopyJson: {
            /** @description Agreements and grants. */
            bases: string[];
            /** Format: int64 */
            bytes: number;
            copy: string;
            erased?: components["schemas"]["CopyReceipt"] | null;
            /**
             * Format: int64
             * @description What it holds at most: all that was let out.
             */
            instances: number;
            peer: string;
            peer_name: string;
            since: string;
            /**
             * @description `held`; `ending`: it should be gone since a moment; `overdue`: and its site does not say that it is; `unconfirmed`:
             *     the sites parted before it said so; `erased`: with its receipt.
             */
            state: string;
            study: string;
            /** @description Until when it may stay, as far as is known here. */
            until: string;
            /**
             * Format: int64
             * @description Version of the study that was served last.
             */
            version: number;
        };
        /** @description The reader's signed receipt. */
        CopyReceipt: {
            at: string;
            /**
             * Format: int64
             * @description Bytes on disk there, sealed.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Instances that were whole there.
             */
            instances: number;
            /** @description `agreement-ended`, `grant-ended`, `withdrawn`, `outdated`, `lease-over`, `room`, `parted` or `unknown`. */
            why: string;
        };
        /** @description A correction of one study: attributes, or the identity of another study's patient. */
        Correct: {
            /** @description Study Instance UID of a study of the patient it is moved to. */
            like?: string | null;
            /** @description Why; without names. */
            note?: string;
            /**
             * @description Values by keyword (`PatientName`, `PatientID`, `IssuerOfPatientID`, `PatientBirthDate`, `PatientSex`, `StudyDate`,
             *     `StudyTime`, `AccessionNumber`, `StudyDescription`, `ReferringPhysicianName`, `StudyID`); empty: none.
             */
            set?: {
                [key: string]: string;
            };
        };
        /** @description A correction, standing or undone. */
        CorrectionEntry: {
            at: string;
            /** @description Of a `merge`: whose studies. */
            from_id?: string | null;
            from_issuer?: string | null;
            /** Format: int64 */
            id: number;
            /** @description `study` or `merge`. */
            kind: string;
            note: string;
            person: string;
            /** @description Values by keyword; `null`: empty. */
            set: {
                [key: string]: string | null;
            };
            /** @description Of a `study`: which. */
            study?: string | null;
            undone?: components["schemas"]["DecidedBy"] | null;
        };
        /** @description Who reads for whom. */
        CoverageJson: {
            /** @description Studies of this site are read under it. */
            asks_here: boolean;
            beneficiaries: components["schemas"]["CoverageParty"][];
            ended?: string | null;
            /** @description Other days that count as such. */
            extra_days: string[];
            from: string;
            /** @description `none`, `france` or `alsace-moselle`: the whole day on these. */
            holidays: string;
            id: string;
            /** @description Empty: all. */
            modalities: string[];
            name: string;
            readers: components["schemas"]["CoverageParty"][];
            /** @description This site reads under it. */
            reads_here: boolean;
            /** @description Body parts; empty: all. */
            regions: string[];
            /** @description Minutes of the week, Monday 00:00 being 0; empty: always. */
            spans: [
                number,
                number
            ][];
            /** @description `offered` (by us), `received`, `active` or `ended`. */
            state: string;
            /** @description P0 to P3. */
            targets: components["schemas"]["TargetJson"][];
            telephone: string;
            time_zone: string;
            until?: string | null;
            /** Format: int32 */
            version: number;
        };
        /** @description A site of a coverage. */
        CoverageParty: {
            name: string;
            /** @description Whether it has signed. */
            signed: boolean;
            site: string;
            /** @description Of a reading site: `own`, `group`, `department`, `region` or `company`, asked in this order. */
            tier?: string | null;
        };
        /** @description A hospital for which something is read, or that reads for us. */
        CoveredSite: {
            connected: boolean;
            last_contact?: string | null;
            open_cases: number;
            ours: boolean;
            /** @description Nothing was heard of it for longer than is set. */
            silent: boolean;
            site: string;
            site_name: string;
            /** @description Of its rooms and people, as its cases, its coverages and its shifts say. */
            telephones: string[];
        };
        /** @description A licence that an administrator has seen. */
        Credential: {
            /** @description First day, ISO. */
            from?: string | null;
            licence: string;
            /** @description DICOM modalities; empty: all. */
            modalities?: string[];
            /** @description Last day, ISO. */
            until?: string | null;
        };
        /** @description Name and password. */
        Credentials: {
            /** @description Of the second factor, where there is one: of the app, or a recovery code. */
            code?: string | null;
            name: string;
            password: string;
        };
        /** @description What is recorded here of what the caller may read. */
        CredentialsJson: {
            /** @description Modalities that are not covered. */
            lacking: string[];
            /** @description `covered`, `not-recorded` (this site keeps no register of credentials), `no-credential` or `credential-expired`. */
            state: string;
        };
        /** @description A day of a roster. */
        DayJson: {
            date: string;
            end: string;
            /**
             * @description `new-year`, `good-friday`, `easter-monday`, `labour`, `victory`, `ascension`, `whit-monday`, `national`,
             *     `assumption`, `all-saints`, `armistice`, `christmas` or `st-stephen`.
             */
            holiday?: string | null;
            /**
             * Format: double
             * @description 24, but on the days of the clock change.
             */
            hours: number;
            start: string;
            /** @description Somebody has to be on duty the whole day. */
            whole: boolean;
        };
        /** @description A decision, or an undoing. */
        DecidedBy: {
            at: string;
            note: string;
            person: string;
        };
        /** @description What is decided on bytes kept aside. */
        Decision: {
            /** @description `keep` the first bytes; `take` the new ones in their place; they belong `elsewhere`; or `open`: undo the decision. */
            decision: string;
            /** @description For those who look later; without names. */
            note?: string;
        };
        DelaysJson: {
            count: number;
            in_time: number;
            /** Format: int64 */
            longest_s: number;
            /** Format: int64 */
            median_s: number;
        };
        Disabled: {
            disabled: boolean;
        };
        /** @description A case whose reports differ, and what of it somebody is to know. */
        DiscordanceJson: {
            case: string;
            /** @description `minor`, `moderate`, `major` or `severe`. */
            class: string;
            compared: string;
            /** @description Who compared, and when. */
            compared_by: string;
            patient: components["schemas"]["CasePatient"];
            question: string;
            requester_name: string;
            text: string;
            told: components["schemas"]["InHandJson"];
        };
        DiscordancesJson: {
            /** @description What the caller is to know and has not acknowledged. */
            mine: components["schemas"]["DiscordanceJson"][];
            /** @description What others here have not acknowledged; for whoever administers. */
            others: components["schemas"]["DiscordanceJson"][];
        };
        /** @description Why no request is needed. */
        Dismiss: {
            reason?: string;
        };
        /** @description What somebody has written so far. */
        DraftJson: {
            /** @description When it was kept. */
            at?: string | null;
            conclusion?: string;
            critical?: boolean;
            findings?: string;
            indication?: string;
            language?: string;
            /** @description Whose it is; in what is kept: the caller's. */
            person?: string | null;
            /**
             * Format: int64
             * @description Rises with each that is kept.
             */
            serial: number;
            standing: string;
            technique?: string;
        };
        /** @description What is not to be offered or fetched after all. */
        DropPeer: {
            /** @description Key, short key or name of the peer. */
            site: string;
            study: string;
        };
        /** @description What is not to be sent after all. */
        DropRoute: {
            study: string;
            to: string;
        };
        DueJson: {
            at: string;
            breached: boolean;
            /** @description `answer`, `preliminary`, `final`, `hear`, `compare`, or `wanted`: the hour that the requester named. */
            what: string;
        };
        /** @description A shift or a case, as its site states it. */
        DutyJson: {
            /** @description Modalities; empty: all. */
            competences: string[];
            /** @description It says now what it says: not over, and not ended. */
            counts: boolean;
            end: string;
            id: string;
            /** @description `shift` or `case`. */
            kind: string;
            /** @description This site states it. */
            ours: boolean;
            /** @description Names of the other sites of a case. */
            parties: string[];
            /** @description Who is on duty, or whose the case is. */
            person: string;
            role?: string | null;
            /** Format: int64 */
            serial: number;
            site: string;
            site_name: string;
            start?: string | null;
            /** @description `planned`, `confirmed`, `active`, `handed-over` or `ended`; `open` or `closed`. */
            state: string;
            stated: string;
            studies: string[];
        };
        /** @description What came of a C-ECHO. */
        Echoed: {
            /**
             * Format: int64
             * @description How long it took to be answered; `null`: it was not.
             */
            after_ms?: number | null;
            fault?: components["schemas"]["Fault"] | null;
        };
        /** @description What an authenticator app is told; shown this once. */
        Enrolment: {
            /** @description `otpauth:`, for a square to be photographed. */
            link: string;
            /** @description Base32, for typing. */
            secret: string;
        };
        /** @description Something that was erased. */
        Erased: {
            approver: string;
            at: string;
            /** Format: int64 */
            bytes: number;
            /** @description The bytes are gone. */
            done: boolean;
            /** Format: int64 */
            id: number;
            instances: number;
            proposer: string;
            reason: string;
            /** Format: int64 */
            rejection?: number | null;
            study: string;
        };
        /** @description The keeper's receipt. */
        ErasedJson: {
            at: string;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            files: number;
        };
        /** @description The body of every error. */
        ErrorBody: {
            by?: components["schemas"]["HolderJson"] | null;
            /** @description With `wrong-patient`: what differs. */
            differs?: string[];
            /** @description Stable word for programs and translations. */
            error: string;
            /** @description With `missing`: the fields of the request. */
            fields?: string[];
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
        EscalationJson: {
            /**
             * @description Why the caller's site is to ring up somebody now, and whom: `not-reached` (the readers') or `critical-unheard` (the
             *     requester's).
             */
            call?: string | null;
            /**
             * @description Words: `nobody-answers`, `preliminary-due`, `final-due`, `wanted-due`, `comparison-due`, `critical-unheard`, or what a person
             *     wrote.
             */
            reasons: string[];
            since?: string | null;
            /** @description The other sites' before ours. */
            telephones: components["schemas"]["NumberJson"][];
        };
        EventJson: {
            at: string;
            /** Format: int64 */
            clock: number;
            event: string;
            lost_to?: components["schemas"]["HolderJson"] | null;
            /** @description Empty: the node itself. */
            person: string;
            role: string;
            site: string;
            site_name: string;
            step: string;
            text: string;
            /** @description Why it has no effect; `null`: it has. */
            void?: string | null;
        };
        /** @description Which evidence is wanted. All, where nothing is said. */
        EvidenceAsked: {
            /**
             * @description RFC 3339, both inclusive.
             * @default null
             */
            from: string | null;
            /** @default null */
            issuer: string | null;
            /**
             * @description A patient of ours, with the issuer: studies held here.
             * @default null
             */
            patient: string | null;
            /**
             * @description Study Instance UIDs.
             * @default []
             */
            studies: string[];
            /** @default null */
            to: string | null;
        };
        /** @description A decision with each link that was looked at; in every ground the first that does not hold is the last. */
        ExplanationJson: {
            allowed: boolean;
            at: string;
            peer_name: string;
            /** @description Why not. */
            refusal?: string | null;
            steps: components["schemas"]["StepJson"][];
            study: string;
            /** @description The study is theirs and we would read it; otherwise ours, and they would. */
            theirs: boolean;
            until?: string | null;
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
        /** @description What is wrong somewhere. */
        Fault: {
            /** @enum {string} */
            code: "unreachable" | "broke-off" | "refused" | "not-understood" | "too-many" | "not-there" | "hours" | "unfit" | "here" | "stopping" | "unknown-ae" | "no-tls" | "ae-changed" | "no-evidence" | "no-way" | "mail" | "webhook" | "files-lost" | "not-written" | "not-copied" | "cold-unreachable" | "no-object" | "mismatch" | "other-bytes" | "rejected" | "disk-full" | "too-large" | "no-file" | "divided";
            /** @description Place and cause in the words of the system or of the other side; may be empty. */
            detail: string;
        };
        /** @description How a peer's study is fetched. */
        FetchJson: {
            /**
             * @description Only at these hours, `19:00-06:00` by the node's clock.
             * @default null
             */
            hours: string | null;
            /**
             * Format: int32
             * @description Megabytes a second at most.
             * @default null
             */
            mb_s: number | null;
        };
        /** @description A study fetched by a rule, or on its way. */
        Fetching: components["schemas"]["WithPeer"] & {
            /** Format: int64 */
            bytes: number;
            /** @description `offered`, `announced` or `prior`. */
            cause: string;
            /**
             * Format: int64
             * @description Of it here now.
             */
            kept_bytes: number;
            /** @description When somebody opened it first. */
            opened?: string | null;
        };
        /** @description What opening a peer's study will take. */
        ForecastJson: {
            /** Format: int64 */
            bytes: number;
            /**
             * Format: int64
             * @description Of these here already, about.
             */
            bytes_here: number;
            connected: boolean;
            /**
             * Format: double
             * @description Seconds until the first image; nothing where nothing is known of the link.
             */
            first_s?: number | null;
            /** Format: int32 */
            instances: number;
            /** @description `direct`, `punched`, `tcp`, `relay`, or `none`. */
            road: string;
            site: string;
            site_name: string;
            /**
             * Format: double
             * @description Seconds until all of it is here; of one that is coming, by the rate at which it comes.
             */
            whole_s?: number | null;
        };
        /** @description An image that a document points at. */
        FoundImageJson: {
            /**
             * Format: int32
             * @description From 1, where one frame is meant.
             */
            frame?: number | null;
            instance: string;
            /** @description What is to be seen there; empty: nobody said. */
            label: string;
            /** Format: int32 */
            number?: number | null;
            series: string;
            /**
             * Format: int32
             * @description As the images say.
             */
            series_number?: number | null;
            study: string;
            /** @description Empty: it was chosen, and nothing measured. */
            values: components["schemas"]["MeasuredJson"][];
        };
        /** @description What documents point at. */
        FoundImagesJson: {
            images: components["schemas"]["FoundImageJson"][];
            /** @description A study could not be looked into now, or there is more than is told. */
            partial: boolean;
        };
        /** @description A study that a source has. */
        FoundThere: {
            accession?: string | null;
            date?: string | null;
            description?: string | null;
            /** Format: int32 */
            instances: number;
            issuer?: string | null;
            modalities: string[];
            patient_id?: string | null;
            patient_name?: string | null;
            study: string;
        };
        /** @description A peer's study at a glance. Its pictures are lossy: nothing in it is diagnostic. */
        GlanceJson: {
            /** @description Of the last reports, the newest first; none where there are none, or this site may not have them. */
            conclusions: components["schemas"]["ConclusionJson"][];
            series: components["schemas"]["SeriesGlanceJson"][];
            /**
             * Format: int32
             * @description Series that did not fit.
             */
            series_left_out: number;
        };
        Grant: {
            expires: string;
            grant: string;
        };
        /** @description A live grant. */
        GrantJson: {
            /** @description Copies that were read into, where they are counted here. */
            copies: number;
            /**
             * Format: int32
             * @description `null`: any number.
             */
            copies_max?: number | null;
            expires: string;
            /** @description It is for us. */
            for_us: boolean;
            /** @description Names of the sites that it may be passed on to. */
            forward: string[];
            grant: string;
            level: string;
            /** @description The study is ours. */
            ours: boolean;
            /** @description The grant that it narrows. */
            parent?: string | null;
            /** @description For whom it is. */
            peer: string;
            peer_name: string;
            /** @description `null`: those of the agreement. */
            purpose?: string | null;
            /** @description We may take it back. */
            revocable: boolean;
            study: string;
            /** @description Names of the sites that it came through, the study's holder first. */
            through: string[];
        };
        GroupJson: {
            answer: components["schemas"]["DelaysJson"];
            /** @description From P0. */
            by_priority: number[];
            cancelled: number;
            cases: number;
            /** @description From two reports that may differ to somebody who compared them. */
            compared: components["schemas"]["DelaysJson"];
            final: components["schemas"]["DelaysJson"];
            heard: components["schemas"]["DelaysJson"];
            night: string;
            preliminary: components["schemas"]["DelaysJson"];
            reader?: string | null;
            reader_name?: string | null;
            refused: number;
            requester: string;
            requester_name: string;
            unserved: number;
        };
        /** @description A hand-over: what is open, and to whom it may go; or what is offered to this shift. */
        HandingJson: {
            cases: components["schemas"]["OpenCaseJson"][];
            /** @description Shifts that could take over, the next first. */
            next: components["schemas"]["ShiftJson"][];
            /** @description Shifts that are offered to this one. */
            offered: components["schemas"]["OfferedJson"][];
            /** @description The same as the list shows them: patient, priority, time left, state. */
            rows: components["schemas"]["CaseRow"][];
            /** @description What this site has taken and nobody has reserved: it is of whoever is on duty. */
            unclaimed: components["schemas"]["CaseRow"][];
        };
        /** @description Which were heard; none named: all that the case calls for. */
        Heard: {
            alerts?: string[];
        };
        /** @description A site that has a study. */
        HistoryHolder: {
            /** @description `null`: we. */
            site?: string | null;
            site_name: string;
        };
        /** @description Whose history: by a study, by a case, or by an identifier with who issued it. */
        HistoryOf: {
            case?: string | null;
            issuer?: string | null;
            /** @description Whether peers are asked now, beside what they told before. */
            live?: boolean;
            patient_id?: string | null;
            /** @description Study Instance UID. */
            study?: string | null;
        };
        /** @description A study of the history. */
        HistoryStudy: {
            /** @description In what it does not look alike, or only nearly. */
            differs: string[];
            holders: components["schemas"]["HistoryHolder"][];
            identifier?: components["schemas"]["IdentifierJson"] | null;
            /**
             * @description `same` (an equal identifier), `linked` (a person confirmed it, or the strict rule) or `candidate` (it looks alike: to be compared, and not
             *     to be opened beside).
             */
            is: string;
            link?: string | null;
            /** @description `candidate`, `confirmed`, `rejected` or `revoked`. */
            link_state?: string | null;
            /**
             * Format: int32
             * @description How much it helps to read the study that the history is asked for, 0 to 100.
             */
            relevance: number;
            /** @description It helps enough to be brought before anybody asks. */
            relevant: boolean;
            study: components["schemas"]["Study"];
        };
        /** @description Who has what somebody else wanted. */
        HolderJson: {
            at?: string | null;
            person: string;
            site_name: string;
        };
        /** @description Minutes in which nobody is on duty. */
        HoleJson: {
            from: string;
            /** Format: int64 */
            minutes: number;
            /** @description For which modalities; empty: for all. */
            modalities: string[];
            until: string;
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
        /** @description Whose it was said to be. */
        IdentifiedJson: {
            at: string;
            checked_at?: string | null;
            /** @description Who compared it with the patient, and when; `null`: nobody said so. */
            checked_by?: string | null;
            event: string;
            patient: components["schemas"]["CasePatient"];
            person: string;
        };
        /** @description A Patient ID with who issued it. */
        IdentifierJson: {
            id: string;
            issuer: string;
        };
        /** @description An identity that objects of a study name. */
        Identity: {
            /** Format: int32 */
            instances: number;
            patient: components["schemas"]["Patient"];
            series: string[];
        };
        ImagesJson: {
            count_confirmed: boolean;
            /**
             * Format: int32
             * @description `null`: nobody said a count.
             */
            expected?: number | null;
            /** Format: int32 */
            here: number;
            ready: boolean;
        };
        /** @description Files, folders, zips and images on the node's machine, or what was uploaded. */
        Import: {
            decisions?: components["schemas"]["PatientDecision"][];
            /** @description The medium is of this house: the same ID is the same patient. */
            own_ids?: boolean;
            /** @description Of an administrator alone. */
            paths?: string[];
            /** @description Only what has one of these Patient IDs; empty: all. */
            patients?: string[];
            /** @description Only say what is there; nothing is taken in. */
            scan?: boolean;
            /** @description An upload of whoever asks. */
            upload?: string | null;
        };
        /** @description What became of a file. */
        ImportJson: {
            /** @description Whether the roster was changed. */
            done: boolean;
            events: components["schemas"]["ImportedJson"][];
        };
        /** @description An event of a file. */
        ImportedJson: {
            confirmed: boolean;
            end: string;
            /**
             * @description `new`, `moved`, `same`, `past`, `cancelled`; with one that is `unknown` (no such person here) or a `clash` (there
             *     twice, or taken already) nothing is changed.
             */
            fate: string;
            /** @description Where it begins. */
            line: number;
            person: string;
            presence: string;
            /** Format: int32 */
            rank: number;
            start: string;
        };
        /** @description Somebody here who had a report in hand before it was found to differ from another. */
        InHandJson: {
            /** @description When they said that they know; `null`: not yet. */
            acknowledged?: string | null;
            /** @description The event by which the reports differ. */
            comparison: string;
            opened: string;
            person: string;
            report: string;
            /** @description `screen`, `printed` or `dicom`: how they came to it. */
            way: string;
        };
        Invitation: {
            /** @description The code to speak. */
            code: string;
            expires: string;
            id: string;
            /** @description The text to send. */
            invitation: string;
        };
        /** @description A study that a person says belongs to the case. */
        Join: {
            patient: components["schemas"]["RepeatedPatient"];
            /** @description How it is known, where the images or the request do not say whose they are. */
            reason?: string;
            study: string;
        };
        /** @description One rule held against a study. */
        Judged: {
            checks: components["schemas"]["CheckJson"][];
            /** @description It fired for this study, as it is now. */
            fired: boolean;
            /** Format: int64 */
            id: number;
            /** @description All that it asks holds. */
            matches: boolean;
            name: string;
            on: boolean;
        };
        /** @description A keeping: who keeps a second copy of whose backup. */
        KeepingJson: {
            /**
             * Format: int64
             * @description Days since the backup of which all is there was taken.
             */
            age_days?: number | null;
            /** Format: int64 */
            bytes_max: number;
            /** Format: int64 */
            bytes_per_second: number;
            /**
             * Format: int32
             * @description Days that the copy stays after the end.
             */
            days_after: number;
            drafted: string;
            ended?: string | null;
            erased?: components["schemas"]["ErasedJson"] | null;
            id: string;
            /** @description Whether we keep theirs; otherwise they keep ours. */
            keeps: boolean;
            peer: string;
            peer_name: string;
            proved?: components["schemas"]["ProvedJson"] | null;
            /** @description Whether a later text took its place. */
            replaced: boolean;
            /** @description Minutes of the week, Monday 00:00 is 0; half-open. */
            spans: [
                number,
                number
            ][];
            standing?: components["schemas"]["StandingJson"] | null;
            /** @description `offered`, `received`, `active` or `ended`. */
            state: string;
            /** @description IANA time zone of the hours; nothing: at any hour. */
            time_zone?: string | null;
            /** @description When the keeper said so. */
            told?: string | null;
        };
        /** @description A draft. */
        KeepingOffer: {
            /**
             * Format: int64
             * @description Room at the keeper's, bytes.
             */
            bytes_max: number;
            /**
             * Format: int64
             * @description Default: 10 MiB.
             */
            bytes_per_second?: number | null;
            /**
             * Format: int32
             * @description Default: 30.
             */
            days_after?: number | null;
            /** @description Whether we keep theirs; otherwise they keep ours. */
            keeps?: boolean;
            /** @description Key, short key or name of the peer. */
            site: string;
            /** @description Minutes of the week; none: at any hour. */
            spans?: [
                number,
                number
            ][];
            /** @description IANA time zone of the hours. */
            time_zone?: string | null;
        };
        /** @description Whose copy is erased. */
        KeptErase: {
            /** @description Key, short key or name of the peer. */
            site: string;
        };
        /** @description Where a peer's copy is written. */
        KeptExport: {
            /** @description Key, short key or name of the peer. */
            site: string;
            /** @description A new folder. */
            to: string;
        };
        /** @description A rule that is kept. */
        KeptRule: components["schemas"]["RuleJson"] & {
            /** Format: int64 */
            id: number;
            person: string;
            /** @description It means studies of which something came in since. */
            since: string;
            /** Format: int32 */
            version: number;
        };
        /** @description An image or series that the question is about, or that a report points at. */
        KeyImageJson: {
            /** Format: int32 */
            frame?: number | null;
            instance?: string | null;
            series: string;
            study: string;
            text?: string;
        };
        /** @description The keys of one site as known here. */
        KeyJson: {
            /** @description Those before it, oldest first. */
            before: string[];
            /** @description When it changed its key last, by its own clock. */
            changed?: string | null;
            /** @description How often it may still be changed; then the sites pair again. */
            changes_left: number;
            /**
             * @description Since when two successors of one key are known. Of a peer: nothing passes until the sites are paired again. Of ours:
             *     somebody else has a key of this site.
             */
            conflict?: string | null;
            /** @description When this site heard of it. */
            heard?: string | null;
            /** @description The key that speaks for it now. */
            key: string;
            name: string;
            rival?: components["schemas"]["RivalJson"] | null;
            /** @description Its name for programs: its first key. */
            site: string;
            /** @description The key before may have been in other hands; grants from this time on are void. */
            void_from?: string | null;
        };
        /** @description Ours and the peers'. */
        KeysJson: {
            own: components["schemas"]["KeyJson"];
            peers: components["schemas"]["KeyJson"][];
            sealing: components["schemas"]["SealingJson"];
        };
        /** @description Studies of one kind. */
        KindCount: {
            /** @description `CT`, `MR`, `XR` (plain X-ray), `US`, `MG`, `NM` (with PET), `XA` (with fluoroscopy) or `OT`. */
            kind: string;
            /**
             * Format: int32
             * @description 255: that many or more.
             */
            studies: number;
        };
        /** @description A study of ours that a peer knows and this node does not, or only as it was before. */
        KnownElsewhere: {
            /**
             * Format: int32
             * @description Of them, whole in the peer's copy.
             */
            copied: number;
            /** Format: int32 */
            instances: number;
            /** @description The peer's name. */
            site: string;
            study: string;
            /** Format: int64 */
            version: number;
        };
        /** @description Somebody whom a roster names. */
        KnownPerson: {
            on_duty: boolean;
            person: string;
        };
        /** @description A label in use. */
        Label: {
            label: string;
            /** Format: int64 */
            studies: number;
        };
        /** @description The labels of a study. */
        Labels: {
            labels: string[];
        };
        /** @description Where to sign out at the identity provider. */
        Leave: {
            url: string;
        };
        /** @description What somebody leaves behind: ended with the account, or to be handed on. */
        Leaving: {
            /** @description Cases that they have claimed: given back, with what they wrote, to whoever takes them next. */
            cases: string[];
            /** @description Sessions that end. */
            sessions: number;
            /** @description Tokens of theirs that open nothing from now on: what used them stops. */
            tokens: string[];
        };
        /** @description Something wrong with a log. */
        LedgerFindingJson: {
            at: string;
            /**
             * Format: int64
             * @description Places in that log, from 0, among which it must be.
             */
            first: number;
            /** Format: int64 */
            last: number;
            /**
             * Format: int64
             * @description The record's number, where it is known.
             */
            number?: number | null;
            /** @description Whether an administrator has taken note of it. */
            settled: boolean;
            site: string;
            site_name: string;
            /** @description `shorter`, `changed`, `forked`, `forged`, `unreadable` or `unwitnessed`. */
            wrong: string;
        };
        /** @description A head: so many records, when. */
        LedgerHeadJson: {
            at: string;
            /** Format: int64 */
            size: number;
            /** @description Whether it follows from all that was seen before. */
            unbroken: boolean;
        };
        /** @description How the ledger stands. */
        LedgerJson: {
            /**
             * Format: int64
             * @description Records that were there before.
             */
            before: number;
            /** @description Newest first. */
            findings: components["schemas"]["LedgerFindingJson"][];
            peers: components["schemas"]["LedgerPeerJson"][];
            /** @description Hex. */
            root: string;
            /** @description Since when records are in the ledger as they are made. */
            since: string;
            /** Format: int64 */
            size: number;
        };
        /** @description How the ledger stands with one peer. */
        LedgerPeerJson: {
            cosigned?: components["schemas"]["LedgerHeadJson"] | null;
            held?: components["schemas"]["LedgerHeadJson"] | null;
            /**
             * Format: int64
             * @description Events of ours that it has not countersigned yet.
             */
            missing: number;
            name: string;
            /**
             * Format: int64
             * @description The number of the oldest of them, and when it happened.
             */
            oldest?: number | null;
            oldest_at?: string | null;
            site: string;
        };
        /** @description What a shift's papers let read. */
        LicenceJson: {
            from?: string | null;
            /** @description Empty: all. */
            modalities: string[];
            until?: string | null;
        };
        /** @description Who a user is at the identity provider of the settings. */
        Link: {
            /** @description The settings map what the provider says to the role; else it stays what it is here. */
            role_by_mapping?: boolean;
            /** @description As the provider writes it. */
            subject: string;
        };
        /** @description What a person who compared two records decides. */
        LinkDecision: {
            /** @description `confirm`: one patient; `reject`: two; `revoke`: it was confirmed, and is taken back. */
            decision: string;
            ours: components["schemas"]["IdentifierJson"];
            /** @description Key of the site that told of the second. */
            peer: string;
            theirs: components["schemas"]["IdentifierJson"];
        };
        /** @description The line to a peer. */
        LinkJson: {
            /**
             * Format: double
             * @description The highest of the last transfers, by the same measure.
             */
            best_bytes_per_s?: number | null;
            /**
             * Format: double
             * @description Bytes over the wire that come for images now, a second.
             */
            bytes_per_s: number;
            connected: boolean;
            /**
             * Format: double
             * @description Share of the site's packets to us, which carry the images, that is lost lately, 0 to 1; nothing where it does not tell.
             */
            lost?: number | null;
            /**
             * @description `direct`; `punched`: through both sites' address translators; `tcp`: by TLS over TCP, since UDP does not pass; `relay`:
             *     over a third site; `none`.
             */
            road: string;
            /** Format: double */
            rtt_ms?: number | null;
            running: number;
            site: string;
            site_name: string;
            /** @description The name of the site that relays. */
            via?: string | null;
            /** @description Requests that wait, and that run. */
            waiting: number;
        };
        /** @description The list of our own backup, for its keepers. */
        ListJson: {
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            files: number;
            taken: string;
        };
        /** @description A token, without its secret. */
        ListedToken: {
            /** @description What it opens. */
            actions: string[];
            expired: boolean;
            /** @description Absent: it was made when tokens did not end. */
            expires?: string | null;
            /** @description Since the node started. */
            last_used?: string | null;
            made?: string | null;
            name: string;
            /** @description The person whose it is; a machine's where absent. */
            owner?: string | null;
            role: string;
        };
        LooseJson: {
            /** @description Requests without images for longer than is set. */
            cases: components["schemas"]["CaseRow"][];
            /** @description Requests that a study can be joined to: open, and without images or a candidate. */
            joinable: components["schemas"]["CaseRow"][];
            studies: components["schemas"]["LooseStudy"][];
        };
        /** @description A study that nobody has asked to be read. */
        LooseStudy: {
            accession: string;
            /** @description It waits for longer than is set. */
            alarm: boolean;
            arrived: string;
            birth_date: string;
            candidates: components["schemas"]["Candidate"][];
            date: string;
            id: string;
            issuer: string;
            modalities: string[];
            name: string;
            sex: string;
            study: string;
        };
        /** @description A study that a rule means. */
        Meant: {
            /** @description `YYYYMMDD`. */
            date?: string | null;
            description?: string | null;
            modalities: string[];
            patient_name?: string | null;
            study: string;
        };
        /** @description A number that was measured. */
        MeasuredJson: {
            /** @description As the document calls it. */
            name: string;
            /** @description UCUM; empty: none. */
            unit: string;
            value: string;
        };
        /** @description All studies of one patient under another. */
        Merge: {
            /** @description Patient ID whose studies are shown under the other. */
            id: string;
            issuer?: string | null;
            /** @description Study Instance UID of a study of the other. */
            like: string;
            /** @description Why; without names. */
            note?: string;
        };
        MessageJson: {
            at: string;
            event: string;
            /** @description `said`, `info-asked` or `info-given`. */
            kind: string;
            person: string;
            site_name: string;
            text: string;
        };
        /** @description A migration and how far it is. */
        MigrationJson: {
            begun: string;
            by: string;
            /** Format: int64 */
            bytes: number;
            changed: string;
            compare: boolean;
            /** @description Of those, the ones of which nothing lacks. */
            complete: number;
            /** Format: int32 */
            concurrent: number;
            /** @description Studies that the source listed; absent: it was not asked since this node started. */
            found?: number | null;
            from?: string | null;
            hours?: string | null;
            /** Format: int64 */
            id: number;
            /**
             * Format: int64
             * @description Instances taken in.
             */
            instances: number;
            /** Format: int32 */
            mb_per_s: number;
            modalities: string[];
            source: string;
            /** @description `running`, `paused`, `cancelled`, `done`. */
            state: string;
            /** @description Studies of which all was asked for. */
            studies: number;
            to?: string | null;
            waiting?: components["schemas"]["Fault"] | null;
        };
        /** @description A study that moves, waits for it, or could not. */
        Moving: {
            /** Format: int32 */
            done: number;
            error?: components["schemas"]["Fault"] | null;
            /**
             * Format: int32
             * @description 0: it waits.
             */
            objects: number;
            study: string;
            /** @description `cold` or `hot`. */
            to: string;
        };
        /** @description A case on studies of ours. */
        NewCase: {
            /** @description The case that is stated anew. */
            id?: string | null;
            /** @description Account name. */
            owner: string;
            /** @description Keys or names of the other sites. */
            parties: string[];
            studies: string[];
            until: string;
        };
        /** @description A fact to record. */
        NewClaim: {
            /** @description `death`, `visit`, `hold`, or `release`. */
            claim: string;
            /** @description Of death or visit, `YYYYMMDD`. */
            day?: string | null;
            /** @description Why, and where that is known from; without names. */
            reason: string;
            /**
             * Format: int64
             * @description Number of the claim that a release takes back.
             */
            released?: number | null;
        };
        /** @description A coverage to be offered to its other sites. */
        NewCoverage: {
            /** @description Names or keys; `here`: this site. */
            beneficiaries: string[];
            extra_days?: string[];
            /** @description RFC 3339; default: now. */
            from?: string | null;
            /** @description `none` (default), `france` or `alsace-moselle`. */
            holidays?: string | null;
            /** @description That of which it is the next version. */
            id?: string | null;
            modalities?: string[];
            name: string;
            readers: components["schemas"]["NewReader"][];
            regions?: string[];
            /** @description Minutes of the week; empty: always. */
            spans?: [
                number,
                number
            ][];
            /** @description P0 to P3; default: 2/15, 5/30, 30/240 and 1,440/1,440 minutes. */
            targets?: components["schemas"]["TargetJson"][] | null;
            telephone?: string;
            /** @description IANA, for example `Europe/Paris`. */
            time_zone: string;
            until?: string | null;
        };
        /** @description What is to be taken over. */
        NewMigrationJson: {
            /** @description Also what is here already, to compare its bytes. */
            compare?: boolean;
            /** Format: int32 */
            concurrent?: number | null;
            /** @description Study dates, inclusive, `YYYYMMDD`. */
            from?: string | null;
            hours?: string | null;
            /** Format: int32 */
            mb_per_s?: number | null;
            modalities?: string[];
            source: string;
            to?: string | null;
        };
        /** @description A new password for a user, generated when absent. */
        NewPassword: {
            /** @description The person must choose another at the next sign-in: so where it is generated, unless said. */
            must_change?: boolean | null;
            password?: string | null;
        };
        /** @description What is to be erased: a study, or a rejection. */
        NewProposal: {
            reason: string;
            /** Format: int64 */
            rejection?: number | null;
            study?: string | null;
        };
        NewPurpose: {
            purpose: string;
        };
        /** @description A reading site of a draft. */
        NewReader: {
            /** @description Name or key; `here`: this site. */
            site: string;
            /** @description `own`, `group` (default), `department`, `region` or `company`. */
            tier?: string | null;
        };
        /** @description The study to read, then the priors opened with it. */
        NewReading: {
            studies: string[];
        };
        /** @description A report to be signed, with what the editor shows. */
        NewReport: {
            conclusion?: string;
            critical?: boolean;
            /** @description Why it is signed although images are missing, late, not those signed, or could not be decoded. */
            despite?: string;
            /**
             * @description What the reason is for, as the caller has seen it: `missing`, `unverified`, `undecoded`, `unconfirmed`, `late`,
             *     `other-patient`. What else is found to be lacking is refused.
             */
            despite_of?: string[];
            findings?: string;
            hospital: string;
            indication?: string;
            /** @description Images that it points at, of the case's studies. */
            key_images?: components["schemas"]["KeyImageJson"][];
            language?: string;
            patient: components["schemas"]["Shown"];
            read?: components["schemas"]["ReadJson"][];
            /** @description `preliminary`, `final`, `addendum` or `second-reading`. */
            standing: string;
            study_date?: string;
            technique?: string;
        };
        /** @description A request for a reading or an opinion. */
        NewRequest: {
            accession?: string;
            accession_issuer?: string;
            /** @description By when an answer is wanted, RFC 3339; `null`: as the priority says. */
            answer_by?: string | null;
            consent?: string | null;
            context?: string;
            contraindications?: string;
            /** @description Of a mammography: `clinical`, `screening-first` or `screening-second`. */
            examination?: string;
            /**
             * @description Whoever asks has compared name, birth date and sex with the patient or their wristband. Needed, but for an emergency whose
             *     patient nobody knows.
             */
            identity_checked?: boolean;
            justification?: string;
            key_images?: components["schemas"]["KeyImageJson"][];
            kind?: string | null;
            modality?: string;
            /** @description Nuclear medicine physician who is with the patient. */
            on_site_physician?: string;
            patient?: components["schemas"]["CasePatient"] | null;
            priority?: string | null;
            priors?: string;
            question?: string;
            region?: string;
            studies?: string[];
            telephone?: string;
            /** @description In the order in which they are asked; empty: as the site has it set. */
            to?: components["schemas"]["To"][];
        };
        /** @description A new role for a user. */
        NewRole: {
            role: string;
        };
        /** @description A shift of somebody of this site. */
        NewShiftJson: {
            /** @description Modalities; empty: all. */
            competences?: string[];
            /** @description The person has said yes. Of one's own: default true; of somebody else's: false. */
            confirmed?: boolean | null;
            /** @description `None`: the site's own needs. */
            coverage?: string | null;
            end: string;
            /** @description Account name; default: whoever asks. */
            person?: string | null;
            /** @description `garde` (default) or `astreinte`. */
            presence?: string | null;
            /**
             * Format: int32
             * @description 1 (default) is called first, then 2, to 9.
             */
            rank?: number | null;
            /** @description RFC 3339; default: now. */
            start?: string | null;
            telephone?: string;
        };
        /** @description A source as an admin gives it. Of `host`… and `url` one is given. */
        NewSource: {
            /** @description Name and password, as in `name:password`; kept, never shown. */
            basic?: string | null;
            /** @description PEM file, on the node's machine, of authorities believed besides the system's. */
            ca?: string | null;
            /** @description SHA-256 of the one certificate it shows. */
            certificate?: string | null;
            /**
             * Format: int32
             * @description Studies retrieved at once, 1 to 8; as if not given: 2.
             */
            concurrent?: number | null;
            /**
             * Format: int32
             * @description Days back that are listed; as if not given: 3650.
             */
            days?: number | null;
            host?: string | null;
            /** @description When it may be read in bulk, `19:00-06:00`. */
            hours?: string | null;
            /** @description Issuer of Patient IDs in which it names none; as if not given: this site's name. */
            issuer?: string | null;
            /**
             * Format: int32
             * @description Megabytes a second in bulk; as if not given, and 0: as fast as it goes.
             */
            mb_per_s?: number;
            name: string;
            /** Format: int32 */
            port?: number | null;
            /**
             * Format: int32
             * @description Priors retrieved before anybody asks.
             */
            prefetch?: number;
            /** @description Of `list`, `peers`, `priors`, `migrate`, `reject` (its rejection notes are obeyed); as if not given: `list`, `priors`, `migrate`. */
            purposes?: string[] | null;
            /** @description `get` (as if not given) or `move`. */
            retrieve?: string | null;
            /** @description AE title of a source by DIMSE. */
            title?: string | null;
            tls?: boolean;
            /** @description Bearer token; kept, never shown. */
            token?: string | null;
            /** @description Base URL of a source by DICOMweb. */
            url?: string | null;
        };
        /** @description A step, by its word. */
        NewStep: {
            /** @enum {string} */
            step: "offer";
            to: string;
            whom?: string;
        } | {
            protocol?: string;
            /** @enum {string} */
            step: "accept";
        } | {
            /** @description Though somebody else here is at work on it. */
            confirmed?: boolean;
            reason?: string;
            /** @enum {string} */
            step: "refuse";
        } | {
            /** @enum {string} */
            step: "acquired";
            studies: string[];
        } | {
            /** @enum {string} */
            step: "complement";
            text?: string;
        } | {
            confirm_count?: boolean;
            /** @enum {string} */
            step: "images-ready";
        } | {
            /** Format: int32 */
            instances: number;
            /** @enum {string} */
            step: "expect";
            study: string;
        } | {
            /** @enum {string} */
            step: "claim";
        } | {
            reason?: string;
            /** @enum {string} */
            step: "release";
        } | {
            /** @enum {string} */
            step: "hand-over";
            to: string;
        } | {
            /** @description Though who has it is at work on it. */
            confirmed?: boolean;
            /** @description Account of who has it, as the caller's screen shows it; empty: nobody. */
            from?: string;
            reason?: string;
            /** @enum {string} */
            step: "regulate";
            /** @description Account of the colleague; empty: nobody, so whoever is on duty. */
            to?: string;
        } | {
            /** @enum {string} */
            step: "read";
        } | {
            /** @description Events of `comparisons` that are shown. */
            differences?: string[];
            report: string;
            /** @enum {string} */
            step: "acknowledge";
        } | {
            read_back?: boolean;
            report: string;
            /** @enum {string} */
            step: "hear";
            who?: string | null;
        } | {
            class: string;
            reports: string[];
            /** @enum {string} */
            step: "compare";
            text?: string;
        } | {
            /** @enum {string} */
            step: "ask";
            text?: string;
        } | {
            /** @enum {string} */
            step: "answer";
            text?: string;
        } | {
            reason?: string;
            /** @enum {string} */
            step: "hold";
        } | {
            /** @enum {string} */
            step: "resume";
        } | {
            /** @enum {string} */
            step: "escalate";
            text?: string;
        } | {
            reason?: string;
            /** @enum {string} */
            step: "cancel";
        } | {
            reason?: string;
            /** @enum {string} */
            step: "unserved";
        } | {
            /** @enum {string} */
            step: "close";
        } | {
            reason?: string;
            /** @enum {string} */
            step: "reopen";
        } | {
            /** @enum {string} */
            step: "say";
            text?: string;
        } | {
            priority: string;
            reason?: string;
            /** @enum {string} */
            step: "prioritise";
        } | {
            /** @description By when an answer is wanted, RFC 3339; `null`: as the priority says. */
            answer_by?: string | null;
            /** @description `clinical`, `screening-first` or `screening-second`; empty: not said. */
            examination?: string;
            /** @description Nuclear medicine physician who is with the patient. */
            on_site_physician?: string;
            /** @enum {string} */
            step: "specify";
        } | {
            checked?: boolean;
            patient: components["schemas"]["CasePatient"];
            /** @description Whom the caller's screen shows until now. */
            shown: components["schemas"]["Shown"];
            /** @enum {string} */
            step: "identify";
        } | {
            reason?: string;
            /** @enum {string} */
            step: "uncover";
        };
        NewToken: {
            /** @description Some of the role's actions; all where absent. */
            actions?: string[] | null;
            /**
             * Format: int32
             * @description Days it lives, 1 to 366; 366 where absent.
             */
            days?: number | null;
            name: string;
            role: string;
        };
        NewUser: {
            /** @description The person must choose another at the first sign-in. */
            must_change?: boolean;
            name: string;
            /** @description Generated when absent. */
            password?: string | null;
            role: string;
        };
        /** @description A rejection note of somebody else's. */
        Note: {
            at: string;
            /**
             * @description `obeyed`, `not-permitted`, `nothing-held`, `proposed` (for erasing), `still-kept` or `left` (not obeyed,
             *     as somebody decided).
             */
            done: string;
            /** Format: int64 */
            id: number;
            /**
             * Format: int64
             * @description Instances that it names.
             */
            named: number;
            /** @description SOP Instance UID of the note. */
            note: string;
            /** @description Who sent it, or decided about it. */
            person: string;
            /** @description Code value of PS3.16 CID 7011. */
            reason: string;
            study: string;
            /** @description Its sender may not reject: somebody who may has it obeyed, or leaves it. */
            waits: boolean;
        };
        /** @description A number at which somebody is rung up. */
        NumberJson: {
            name: string;
            number: string;
            /** @description `request` (the scanner room or the requester), `shift` (the person on duty), `coverage` or `site` (its list). */
            of: string;
            site: string;
            site_name: string;
        };
        /** @description A draft from a preset. */
        Offer: {
            /**
             * Format: int32
             * @description The glass may be broken; each use is reviewed within so many hours.
             */
            break_glass_hours?: number | null;
            /** Format: int32 */
            cache_days?: number | null;
            /** @description `both` (default), `ours` (they read ours) or `theirs`. */
            direction?: string | null;
            /**
             * @description Fields of the list that are told: `patient-name`, `birth-date`, `sex`, `patient-id`, `description`, `accession`,
             *     `referrer`. Default: all, or for `case-only` those that tell whose study it is.
             */
            fields?: string[] | null;
            /**
             * Format: int32
             * @description The reader takes no more than so much, kbit/s.
             */
            kbits_max?: number | null;
            legal_reference?: string;
            /** @description `card`, `manifest`, `headers`, `pixels` or `objects` (default). */
            level?: string | null;
            /** @description Only these modalities. */
            modalities?: string[];
            /** @description Never these modalities. */
            modalities_excluded?: string[];
            /** @description RFC 3339; default: until it is ended. */
            not_after?: string | null;
            /** @description RFC 3339; default: now. */
            not_before?: string | null;
            /** @description Only who is on duty at the reader's site. */
            on_duty?: boolean;
            /** @description The reader may pass studies on to third parties. */
            onward?: boolean;
            our_national_id?: string;
            our_privacy_contact?: string;
            ours?: components["schemas"]["ClauseOffer"] | null;
            /** @description The reader may ask whether the holder knows a patient, by the qualified national identity, without saying which. */
            presence?: boolean;
            /** @description `all`, `on-call` or `case-only`. */
            preset: string;
            /** @description `care`, `on-call`, `expertise`, `emergency`, `quality`, `screening`; empty: not limited. */
            purposes?: string[];
            /** @description Only studies of these body parts. */
            regions?: string[];
            /** @description Never studies of these body parts. */
            regions_excluded?: string[];
            /** @description The agreement this is the next version of. */
            replaces?: string | null;
            /** Format: int32 */
            since_days?: number | null;
            /** @description Key, short key or name of the peer. */
            site: string;
            /** @description Minutes of the week; default for `on-call`: nights and week-ends. */
            spans?: [
                number,
                number
            ][];
            their_national_id?: string;
            their_privacy_contact?: string;
            theirs?: components["schemas"]["ClauseOffer"] | null;
            /** @description IANA time zone of the hours, default Europe/Paris. */
            time_zone?: string | null;
            /** @description Only while the holder has a case open on the study with the reader. */
            with_case?: boolean;
        };
        /** @description A shift that is offered to another one, with what goes along. */
        OfferedJson: {
            /** @description Its person's cases, as far as they are known here. */
            rows: components["schemas"]["CaseRow"][];
            shift: components["schemas"]["ShiftJson"];
        };
        /** @description An open case of whoever hands over. */
        OpenCaseJson: {
            case: string;
            since: string;
            sites: string[];
            studies: string[];
        };
        /** @description Something that was opened by a link. */
        OpenedByLink: {
            at: string;
            person: string;
            study: string;
        };
        /** @description Who somebody is at an identity provider. */
        Origin: {
            issuer: string;
            /** @description The settings map what the provider says to the role, at each sign-in; else an administrator set it. */
            role_by_mapping: boolean;
            subject: string;
        };
        /** @description The other shift of a hand-over. */
        OtherJson: {
            /** @description When it was offered, or acknowledged. */
            at: string;
            /**
             * Format: int32
             * @description Open cases that go with it.
             */
            cases?: number | null;
            shift: string;
            site: string;
            site_name: string;
        };
        /** @description The other shift of a hand-over. */
        OtherShift: {
            shift: string;
            /** @description Of which site; default: this one. */
            site?: string | null;
        };
        /** @description In what images say another patient than the request. */
        OtherwiseJson: {
            /** @description As the request says it. */
            asked: string;
            /** @description As the images say it; the same as `asked` where the study has images of several patients. */
            said: string;
            /** @description `birth_date` or `id`. */
            what: string;
        };
        /** @description What became of one study. */
        OutcomeJson: {
            /**
             * Format: int32
             * @description Instances that its study says it has, where that is another number.
             */
            announced?: number | null;
            /** Format: int64 */
            bytes: number;
            complete: boolean;
            /** @description Other bytes are here under the same UID. */
            conflicts: string[];
            date?: string | null;
            error?: string | null;
            /**
             * Format: int32
             * @description Taken in.
             */
            got: number;
            /**
             * Format: int32
             * @description Here before.
             */
            had: number;
            missing: string[];
            patient_differs: boolean;
            refused: components["schemas"]["RefusedJson"][];
            /**
             * Format: int32
             * @description Instances that the source lists.
             */
            said: number;
            /** Format: int32 */
            series: number;
            study: string;
        };
        /** @description A study that a site is being given, or was a moment ago. */
        OutgoingJson: {
            /**
             * Format: int64
             * @description Handed to the link since it is listed.
             */
            bytes: number;
            /**
             * Format: double
             * @description Over the last seconds.
             */
            bytes_per_s: number;
            /** @description Whether bytes wait for that now. */
            held_back: boolean;
            /**
             * Format: int32
             * @description What is agreed of bandwidth, kbit/s.
             */
            kbits_max?: number | null;
            /**
             * Format: int64
             * @description What the link carries, as this side measures it.
             */
            link_bytes_per_s?: number | null;
            /**
             * Format: double
             * @description Share of the packets sent there that was lost, 0 to 1.
             */
            lost?: number | null;
            /** @description The highest of what runs: `emergency`, `screen`, `series`, `prefetch` or `backup`; nothing where none of it runs any more. */
            priority?: string | null;
            /** @description `direct`, `punched`, `tcp`, `relay`, or `none`. */
            road: string;
            /** Format: double */
            rtt_ms?: number | null;
            /**
             * Format: int64
             * @description Seconds since it is listed.
             */
            seconds: number;
            site: string;
            site_name: string;
            /** @description Answers under way. */
            streams: number;
            study: string;
            /** @description The name of the site that relays. */
            via?: string | null;
            /**
             * Format: int64
             * @description Bytes that may be on their way there.
             */
            window_bytes?: number | null;
        };
        /** @description A person's change of the own password. */
        OwnPassword: {
            from: string;
            to: string;
        };
        /** @description A token of one's own. */
        OwnToken: {
            /** @description Some of the role's actions; all where absent. */
            actions?: string[] | null;
            /**
             * Format: int32
             * @description 1 to 366.
             */
            days: number;
            name: string;
        };
        OwnerJson: {
            ours: boolean;
            /** @description `null`: whoever is on duty there. */
            person?: string | null;
            site: string;
            site_name: string;
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
        /** @description One site of an agreement. */
        PartyJson: {
            name: string;
            /** @description In the national register of institutions (FINESS); empty: not said. */
            national_id: string;
            /** @description Of the data protection officer; empty: not said. */
            privacy_contact: string;
            site: string;
        };
        Patient: {
            birth_date?: string | null;
            id?: string | null;
            issuer?: string | null;
            name?: string | null;
            sex?: string | null;
        };
        /** @description What was decided of patients on a medium: those with this ID, and this name and birth date where they are given. */
        PatientDecision: {
            birth_date?: string | null;
            /** @description `external`: kept as a patient of elsewhere; `link`: shown as a patient of ours; `leave-out`. */
            decision: string;
            /** @description Patient ID; empty: those without. */
            id: string;
            /** @description Of `external`: who gave the ID, such as the institution that made the medium. */
            issuer?: string | null;
            /** @description Of `link`: Study Instance UID of a study of the patient of ours. */
            like?: string | null;
            name?: string | null;
        };
        /** @description A pair of records and what was decided of it. */
        PatientLink: {
            at: string;
            link: string;
            /**
             * @description By what: `strict` (by itself: both sites hold one qualified national identity with equal traits), `person`, or `likeness`
             *     (nobody compared yet).
             */
            method: string;
            /** @description What was opened by it, the last first. */
            opened: components["schemas"]["OpenedByLink"][];
            ours: components["schemas"]["IdentifierJson"];
            peer: string;
            peer_name: string;
            /** @description Who decided; empty: nobody yet, or the strict rule. */
            person: string;
            /** @description `candidate`, `confirmed`, `rejected` or `revoked`. */
            state: string;
            theirs: components["schemas"]["IdentifierJson"];
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
            /** @description `quic` or `tcp`; by way of the pixel plane `direct`, `punched`, `tcp` or `relay`. */
            road?: string | null;
            site: string;
            /** @description Studies they told us of. */
            studies_told: number;
        };
        /** @description What rules do with peers: what waits first, then the newest. */
        PeerRules: {
            fetches: components["schemas"]["Fetching"][];
            offers: components["schemas"]["WithPeer"][];
            waste: components["schemas"]["WasteJson"];
        };
        PersonJson: {
            name: string;
            role: string;
        };
        /** @description A small lossy picture of a frame. */
        PictureJson: {
            /**
             * Format: int32
             * @description From 1.
             */
            frame: number;
            /** Format: int32 */
            height: number;
            instance: string;
            /** @description JPEG, base64. */
            jpeg: string;
            /** Format: int32 */
            width: number;
        };
        /** @description What all answered. */
        PresenceAnswers: {
            asked: string;
            sites: components["schemas"]["PresenceRow"][];
        };
        /** @description What one site answered. */
        PresenceRow: {
            /** @description `knows`, `does-not`, `not-reached`, `refused` or `faulty`. */
            answer: string;
            /** @description When what it knows was looked at. */
            as_of?: string | null;
            /** @description Of a refusal: its code. */
            reason?: string | null;
            /**
             * Format: int32
             * @description Of a refusal: it may be asked again after so many seconds.
             */
            retry_s?: number | null;
            site: string;
            site_name: string;
            /** @description Of a patient that it knows. */
            studies: components["schemas"]["KindCount"][];
        };
        /** @description A draft as it would read. */
        PreviewJson: {
            changes?: components["schemas"]["ChangesJson"] | null;
            sentences?: components["schemas"]["Sentences"] | null;
            wrong: components["schemas"]["WrongJson"][];
        };
        /** @description How far what stands for the images of a study is. */
        PreviewsJson: {
            /** @description Of these, those of which the holder could make none. */
            absent: number;
            /** @description Instances with pictures. */
            images: number;
            /** @description No more of them will come. */
            over: boolean;
            /** @description Of these, those with a preview. */
            previewed: number;
            /** @description They are asked for: by themselves where the whole study takes long, or by whoever asked. */
            wanted: boolean;
            /** @description Of these, those that are all here. */
            whole: number;
        };
        /** @description Who the person is to the profession. */
        Professional: {
            credentials?: components["schemas"]["Credential"][];
            /** @description The French professional's number: 11 digits. */
            rpps?: string | null;
        };
        /** @description Something proposed for erasing. */
        Proposed: {
            at: string;
            /** Format: int64 */
            id: number;
            /** @description Whoever asks proposed it, and cannot approve it. */
            own: boolean;
            person: string;
            reason: string;
            /**
             * Format: int64
             * @description Number of the rejection that it is about; `null`: about the study.
             */
            rejection?: number | null;
            study: string;
        };
        /** @description How many files are to be proved. */
        Prove: {
            /** @description Drawn at random; default 64, at most 1024. */
            files?: number | null;
        };
        /** @description What came of asking for proof. */
        ProvedJson: {
            at: string;
            /**
             * Format: int64
             * @description Not there, or not what they were; they are fetched again.
             */
            bad: number;
            /** Format: int64 */
            files: number;
        };
        /** @description For what a study may be opened. */
        PurposesJson: {
            /** @description What it is opened for. */
            purpose?: string | null;
            /** @description `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`; empty: there is nothing to choose. */
            purposes: string[];
        };
        RankJson: {
            /** @description Key or name of a site. */
            site: string;
            site_name?: string;
            /** @description Person or team there; empty: whoever is on duty. */
            whom?: string;
        };
        ReadJson: {
            study: string;
            /**
             * Format: int64
             * @description Of the manifest.
             */
            version: number;
        };
        Reading: {
            dicomweb_root: string;
            id: string;
            viewer: string;
        };
        /** @description A study that somebody reads, or was reading a moment ago. */
        ReadingJson: {
            holder_name: string;
            /** @description It is ours, and they read it. */
            ours: boolean;
            study: string;
        };
        /** @description A sentence of the explanation. */
        Reason: {
            /** @description Nothing goes while it stands. */
            blocks: boolean;
            /**
             * @description `visit`, `minor`, `birth-unknown`, `death`, `practice`, `at-hand`; and those that block: `hold`,
             *     `visit-unknown`, `visit-old`, `unidentified`, `contradicted`, `undated`.
             */
            code: string;
            /** @description The day that it counts from, `YYYY-MM-DD`. */
            since?: string | null;
            until?: string | null;
        };
        ReasonJson: {
            count: number;
            text: string;
        };
        /** @description A fact that somebody recorded. */
        Recorded: {
            at: string;
            /** @description `death`, `visit` or `hold`. */
            claim: string;
            /** @description `YYYY-MM-DD`. */
            day?: string | null;
            /** Format: int64 */
            id: number;
            person: string;
            reason: string;
        };
        /** @description Shown this once. */
        Recovery: {
            codes: string[];
        };
        /** @description An instance that was not taken in. */
        RefusedJson: {
            instance: string;
            reason: string;
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
        /** @description Labels to set and to take away. */
        Relabel: {
            add?: string[];
            remove?: string[];
        };
        /** @description Why it is taken back. */
        Release: {
            note?: string;
        };
        /** @description Rotten objects that became what was stored again. */
        Repaired: {
            /** @description `sender`, `here`, `peer` or `source` (a PACS beside the node). */
            from: string;
            /** Format: int64 */
            objects: number;
            /** @description The peer's name. */
            site?: string | null;
        };
        /** @description The patient, as the person repeats it: neither from the images alone nor from the request alone. */
        RepeatedPatient: {
            birth_date: string;
            name: string;
        };
        /** @description A migration with what became of its studies. */
        ReportJson: {
            migration: components["schemas"]["MigrationJson"];
            studies: components["schemas"]["OutcomeJson"][];
        };
        Restore: {
            /**
             * Format: int64
             * @description Studies known to peers and not held here; for administrators.
             */
            forgotten: number;
            /** @description The time of the backup this node was restored from; nothing where it is current. */
            restored?: string | null;
            studies: components["schemas"]["KnownElsewhere"][];
            /** @description Peers that have not told yet what they know: nothing is served to any peer before. */
            waiting: string[];
        };
        /** @description What is to be tried now: one study, or all that waits for an AE. */
        Retry: {
            study?: string | null;
            to: string;
        };
        /** @description One study, or all that waits for a peer or from it. */
        RetryPeer: {
            /** @description Key, short key or name of the peer. */
            site: string;
            study?: string | null;
        };
        /** @description One use of broken glass, to be reviewed. */
        Review: {
            at: string;
            due: string;
            ends: string;
            note?: string | null;
            /** @description A person of ours opened studies of theirs; otherwise a person of theirs opened ours. */
            ours: boolean;
            overdue: boolean;
            peer: string;
            peer_name: string;
            person: string;
            reason: string;
            request: string;
            reviewed_at?: string | null;
            reviewer?: string | null;
            role: string;
            /** @description The person's number in the national register; empty: none. */
            rpps: string;
            studies: string[];
            text: string;
            /** @description `justified`, `not-justified` or `follow-up`; `null`: nobody has looked at it. */
            verdict?: string | null;
        };
        /** @description What somebody says of it who looked. */
        Reviewed: {
            /** @description Without names of patients. */
            note?: string;
            /** @description `justified`, `not-justified` or `follow-up`. */
            verdict: string;
        };
        /** @description A chain of keys that parts from the one known. */
        RivalJson: {
            /** @description When that other key says that it was made. */
            changed?: string | null;
            /** @description The last key that both chains have: who has it made one of the two. */
            follows: string;
            /** @description The key that it ends in. */
            key: string;
            /** @description From when on it says that what the key before gave is void. */
            void_from?: string | null;
        };
        /** @description A role and what it allows. */
        RoleRow: {
            actions: string[];
            /** @description Its people need a second factor here. */
            needs_second_factor: boolean;
            role: string;
        };
        /** @description Some days of a roster. */
        RosterJson: {
            /** @description When somebody has to be on duty. */
            asked: [
                string,
                string
            ][];
            coverage?: components["schemas"]["CoverageJson"] | null;
            days: components["schemas"]["DayJson"][];
            holes: components["schemas"]["HoleJson"][];
            now: string;
            /** @description People of this site that may be planned, where whoever asks may. */
            people: string[];
            /** @description Whoever asks may plan for everybody of this site. */
            plans: boolean;
            /** @description Those of all its sites that touch these days, and those that run now. */
            shifts: components["schemas"]["ShiftJson"][];
            time_zone: string;
        };
        /** @description Changing the key; in the portal whoever does it signs in once more. */
        Rotate: {
            /** @description Where the account has a second factor. */
            code?: string | null;
            /** @description The key in use may be in other hands. */
            compromised?: boolean;
            password?: string;
            /** @description Since when (RFC 3339); grants given from then on are void. Default: now. */
            since?: string | null;
        };
        RotatedJson: {
            own: components["schemas"]["KeyJson"];
            /** @description Names of peers that took the new key at once. */
            told: string[];
            /** @description Names of peers that meet it when they are met. */
            untold: string[];
        };
        /** @description A study that waits for an AE. */
        Route: {
            /** @description When it is tried again; `null`: now. */
            again?: string | null;
            /** Format: int32 */
            attempts: number;
            date?: string | null;
            description?: string | null;
            /** Format: int32 */
            dropped: number;
            error?: components["schemas"]["Fault"] | null;
            /**
             * Format: int32
             * @description Instances of the study now.
             */
            instances: number;
            patient_name?: string | null;
            /**
             * Format: int64
             * @description Number of the rule that asked last.
             */
            rule: number;
            /** Format: int32 */
            sent: number;
            since: string;
            /** @description `waiting`, `sending` or `failing`. */
            state: string;
            study: string;
            /** @description AE title. */
            to: string;
        };
        /** @description A rule as an admin gives it. */
        RuleJson: {
            actions?: components["schemas"]["ActionsJson"];
            cards?: components["schemas"]["CardsJson"] | null;
            conditions?: components["schemas"]["ConditionsJson"];
            name: string;
            /** @description As if not given: on. */
            on?: boolean;
        };
        /** @description A place in the order of asking. */
        RungJson: {
            coverage?: string | null;
            person?: string | null;
            presence?: string | null;
            /** Format: int32 */
            rank: number;
            shift?: string | null;
            site: string;
            site_name: string;
            /**
             * @description Why this one is not asked: `not-in-force`, `outside-scope`, `not-on-duty`, `not-confirmed`, `other-competence`,
             *     `no-credential`, `credential-expired`, `silent`, `unreached` or `refused`. `null`: this one may be.
             */
            skip?: string | null;
            telephone?: string | null;
            tier: string;
        };
        /** @description How reading again stands. */
        Scrub: {
            /**
             * Format: int64
             * @description Files set aside under `objects/rotten`.
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
            /**
             * Format: int64
             * @description Objects found no longer to be what was stored, ever; and those that still wait for a repair.
             */
            found: number;
            last?: string | null;
            /** Format: int64 */
            last_faults: number;
            /** Format: int64 */
            last_objects: number;
            /** Format: int64 */
            of: number;
            repaired: components["schemas"]["Repaired"][];
            /** Format: int64 */
            waiting: number;
        };
        /** @description Sealing anew; in the portal whoever does it signs in once more. */
        SealAnew: {
            /** @description Where the account has a second factor. */
            code?: string | null;
            password?: string;
            /** @description No backup is waited for: one from before will not read the cold copies. */
            without_backup?: boolean;
        };
        /** @description How what is sealed at rest stands to a key that may be in other hands. */
        SealingJson: {
            /** @description Cold copies looked at, of how many. */
            done: number;
            /**
             * @description Second factors that were sealed under the root before. What was recorded of them stays in the journal: where the
             *     folder itself was copied, they should be set up anew.
             */
            factors: number;
            /** @description When it was begun. */
            since?: string | null;
            /**
             * @description `none`: nothing hangs on a root of before; `waits-for-backup`: it goes on when a backup was taken; `working`;
             *     `store-away`: the object store is not there, or does not take some copies now.
             */
            stage: string;
            total: number;
        };
        SecondCopies: {
            keepings: components["schemas"]["KeepingJson"][];
            list?: components["schemas"]["ListJson"] | null;
            /**
             * Format: int32
             * @description A second copy is overdue after so many days; 0: never.
             */
            rule_days: number;
        };
        /** @description A study as a peer sees it: what the agreement does not name is not there. */
        SeenJson: {
            accession?: string | null;
            /** @description `agreement` or `grant`. */
            basis: string;
            basis_id: string;
            body_parts: string[];
            /** @description Why it may not open the images now (`outside-hours`, …); `null`: it may. */
            closed?: string | null;
            date?: string | null;
            description?: string | null;
            /** Format: int32 */
            instances: number;
            modalities: string[];
            patient: components["schemas"]["Patient"];
            referrer?: string | null;
            /** Format: int32 */
            series: number;
            study: string;
        };
        /** @description What a peer sees of ours now. */
        SeesJson: {
            peer_name: string;
            studies: components["schemas"]["SeenJson"][];
            total: number;
        };
        /** @description Where a study was sent, or is to go. */
        Sent: {
            /** @description When something of it was dealt with last. */
            at: string;
            /** @description Nothing more waits. */
            done: boolean;
            /** Format: int32 */
            dropped: number;
            /** Format: int32 */
            sent: number;
            to: string;
        };
        /** @description The same, as people read it. */
        Sentences: {
            en: string[];
            fr: string[];
        };
        /** @description A series at a glance. */
        SeriesGlanceJson: {
            /** @description Why there is no picture: `no-picture`, `unreadable` or `no-room`. */
            absent?: string | null;
            description?: string | null;
            /** Format: int32 */
            instances: number;
            modality: string;
            /** Format: int32 */
            number?: number | null;
            picture?: components["schemas"]["PictureJson"] | null;
            series: string;
        };
        Session: {
            /** @description Actions the role allows: `list-studies`, `read-studies`, … */
            actions: string[];
            /** @description What the person must do before anything else: `password` (choose another) or `second-factor` (set one up). */
            must?: string | null;
            person: components["schemas"]["PersonJson"];
        };
        /** @description How a study is shared. What is not said is as wide as what it rests on, but for passing it on. */
        Share: {
            /**
             * Format: int32
             * @description No more copies than so many.
             */
            copies_max?: number | null;
            /** @description Keys or names of the sites that it may be passed on to. */
            forward?: string[];
            /** Format: int32 */
            hours?: number | null;
            /** @description `card`, `manifest`, `headers`, `pixels` or `objects`. */
            level?: string | null;
            /** @description `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`. */
            purpose?: string | null;
            /** @description Key, short key or name of the site that it is for. */
            site: string;
        };
        /** @description A shift, as its site states it. */
        ShiftJson: {
            /** @description Modalities that the person is there for; empty: all. */
            competences: string[];
            /** @description The person is on duty now by it. */
            counts: boolean;
            coverage?: string | null;
            coverage_name?: string | null;
            end: string;
            id: string;
            licences: components["schemas"]["LicenceJson"][];
            /** @description Of whoever asks. */
            mine: boolean;
            /** @description Of this site. */
            ours: boolean;
            person: string;
            /** @description `garde` or `astreinte`. */
            presence: string;
            /** Format: int32 */
            rank: number;
            relief?: components["schemas"]["OtherJson"] | null;
            relieves?: components["schemas"]["OtherJson"] | null;
            role: string;
            /** @description Since when no screen is live that should be. */
            silent?: string | null;
            site: string;
            site_name: string;
            start: string;
            /** @description `planned`, `confirmed`, `active`, `handed-over` or `ended`. */
            state: string;
            stated: string;
            taken?: components["schemas"]["TakenJson"] | null;
            telephone: string;
        };
        /** @description What the editor shows of the patient. */
        Shown: {
            birth_date: string;
            name: string;
        };
        /** @description What a page shows of one study. */
        ShownJson: {
            /** @description SOP Instance UIDs of the images in its viewports, 32 at most; empty: none, or no longer. */
            shown: string[];
            /** @description By what the page calls itself, at random: 32 hex digits in lower case. */
            viewer: string;
        };
        /** @description What one of two objects says. */
        Side: {
            accession?: string | null;
            /** Format: int64 */
            bytes: number;
            /** Format: int32 */
            columns: number;
            date?: string | null;
            description?: string | null;
            digest: string;
            /** Format: int32 */
            frames: number;
            modality: string;
            /** Format: int32 */
            number?: number | null;
            patient: components["schemas"]["Patient"];
            /** Format: int32 */
            rows: number;
            series: string;
            study: string;
            time?: string | null;
            transfer_syntax: string;
        };
        /** @description One signature of one object. */
        SignatureJson: {
            /** @description When it says that it was made (DT of DICOM), which nothing proves. */
            at?: string | null;
            /** @description Elements that it names, and whether the pixels are among them. Of others it says nothing. */
            elements: number;
            /** @description As `SHA-256`; `null`: not known here. */
            hash?: string | null;
            instance: string;
            /** @description Where the item stands that was signed, as `ContentSequence[2].ContentSequence[1]`; `null`: the object itself. */
            item?: string | null;
            pixels: boolean;
            purpose?: string | null;
            series: string;
            signer?: components["schemas"]["SignerJson"] | null;
            /** @description `valid`: what it names is what was signed; `broken`: it is not; `unchecked`: that cannot be said. */
            state: string;
            /** @description The hash is one that proves little. */
            weak: boolean;
            /** @description Why it cannot be said: `incomplete`, `method`, `elements` or `encoding`. */
            why?: string | null;
        };
        /** @description The signatures of a study. */
        SignaturesJson: {
            /** @description Objects looked at, such as carry signatures, and of those such as are too large or too many to be checked at once. */
            objects: number;
            /** @description At most 500. */
            signatures: components["schemas"]["SignatureJson"][];
            signed: number;
            /**
             * @description The worst of all: `broken`, `unchecked`, `weak`, `unknown-signer` (valid, by a certificate that this site does not
             *     know), `valid`; or `none`, where nothing is signed.
             */
            standing: string;
            unread: number;
        };
        /** @description Who signed a report, and when. */
        SignedBy: {
            at: string;
            /** @description The event that reported. */
            event: string;
            person: string;
            site_name: string;
            /** @description `preliminary`, `final`, `addendum` or `second-reading`. */
            standing: string;
        };
        /** @description One sign-in that goes on. */
        SignedIn: {
            address: string;
            /** @description What the browser says of itself. */
            device: string;
            /** @description Names it without opening it. */
            id: string;
            last_seen: string;
            since: string;
            /** @description It is the one that asks. */
            this: boolean;
        };
        /** @description Whose certificate it is, as the certificate says. */
        SignerJson: {
            from: string;
            issuer: string;
            /** @description An authority that this site named vouches for it (`signatures.ca`). */
            known: boolean;
            /** @description Its time is over, or has not come. */
            out_of_date: boolean;
            serial: string;
            subject: string;
            to: string;
        };
        SiteFacts: {
            ae_title: string;
            /** @description What people call the identity provider by which they may sign in. */
            identity_provider?: string | null;
            language: string;
            name: string;
            portal_built: boolean;
            site_id: string;
            version: string;
        };
        SkippedJson: {
            at: string;
            /** Format: int32 */
            rank: number;
            whom: string;
            /**
             * @description `unreachable`, `nobody-on-duty`, `not-competent`, `not-agreed`, `out-of-scope`, `refused`, `timed-out` or
             *     `from-afar`.
             */
            why: string;
        };
        /** @description A source. */
        SourceJson: {
            /** @description When it last answered. */
            answered?: string | null;
            /** @description AE title, host and port, or the URL. */
            at: string;
            /** Format: int32 */
            concurrent: number;
            /** Format: int32 */
            days: number;
            fault?: components["schemas"]["Fault"] | null;
            has_credentials: boolean;
            hours?: string | null;
            issuer: string;
            /** @description `dimse` or `dicomweb`. */
            kind: string;
            /** @description Studies of it that are listed. */
            listed: number;
            /** Format: int32 */
            mb_per_s: number;
            name: string;
            /** Format: int32 */
            prefetch: number;
            purposes: string[];
            /** @description `get`, `move` or `wado`. */
            retrieve: string;
            tls: boolean;
        };
        /** @description How a copy stands, in the keeper's words. */
        StandingJson: {
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            files: number;
            /** @description Why it does not go on: `full` or `no-room`. */
            halt?: string | null;
            /** Format: int64 */
            missing_bytes: number;
            /** Format: int64 */
            missing_files: number;
            /**
             * Format: int64
             * @description For `full`: bytes that are needed.
             */
            needed_bytes?: number | null;
            /** @description When the backup was taken of which all is there; nothing where none is whole yet. */
            whole?: string | null;
        };
        StatisticsJson: {
            cases: number;
            from: string;
            groups: components["schemas"]["GroupJson"][];
            justifications: components["schemas"]["ReasonJson"][];
            refusals: components["schemas"]["ReasonJson"][];
            /** @description Words of reasons for which a site was passed over. */
            skips: components["schemas"]["ReasonJson"][];
            to: string;
            /** @description Why requests ended unread: withdrawn, or taken by nobody. */
            unread: components["schemas"]["ReasonJson"][];
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
        /** @description One link of a decision. */
        StepJson: {
            en: string;
            fr: string;
            /** @description `sites`, `agreement` or `grant`. */
            ground: string;
            ground_id?: string | null;
            holds: boolean;
            /** @description Stable word: `paired`, `not-ended`, `modalities`, `hours`, … */
            link: string;
            /**
             * Format: int32
             * @description Of the agreement.
             */
            version?: number | null;
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
            amended?: components["schemas"]["AmendedStudy"] | null;
            arrived: string;
            /**
             * @description `online`, `nearline` (in the cold tier, of the holder where there is one, or in the PACS beside this node: then
             *     `source` says in which), `remote`, `unreachable` or `closed` (the
             *     agreement is suspended or about to end).
             */
            availability: string;
            body_parts: string[];
            break_glass?: components["schemas"]["Broken"] | null;
            /** Format: int64 */
            bytes: number;
            /** @description `arriving` or `complete`. */
            completeness: string;
            custodian_name: string;
            /** @description `YYYYMMDD`. */
            date?: string | null;
            description?: string | null;
            /** @description The agreement by which it is read ends then at the latest; it may be read until it does. */
            ends?: string | null;
            /** @description `null`: ours. */
            holder?: string | null;
            /** Format: int32 */
            instances: number;
            /** Format: int32 */
            instances_here: number;
            /** @description This site's own marks. */
            labels: string[];
            modalities: string[];
            patient: components["schemas"]["Patient"];
            patient_conflict: boolean;
            /**
             * @description `verified`: a signed manifest names every byte, and what is shown is compared with it; `failed`: bytes were met that
             *     are not those signed, which are not shown; `not-covered`: nothing is signed yet, as while a study arrives.
             */
            provenance: string;
            /**
             * Format: int64
             * @description In the cold tier: seconds that bringing it back may take; `null`: not measured yet, or not there.
             */
            recall_s?: number | null;
            referrer?: string | null;
            /** Format: int32 */
            series: number;
            site_name: string;
            /** @description The PACS beside this node that has instances which are not here. */
            source?: string | null;
            /**
             * Format: int32
             * @description How many instances that PACS has.
             */
            source_instances?: number | null;
            study: string;
            /** @description `HHMMSS`. */
            time?: string | null;
            /** @description The time zone of date and time, by its IANA name; `null`: nobody says. */
            time_zone?: string | null;
            /**
             * Format: int32
             * @description Minutes that date and time are ahead of UTC; `null`: nobody says.
             */
            utc_offset_min?: number | null;
            /** @description What is held back of it from other sites, where it is ours. */
            withheld: components["schemas"]["Withheld"][];
        };
        /** @description A case that has the study, open or with images to read after its end. */
        StudyCase: {
            case: string;
            /** @description Empty: the images do not say another patient. */
            differs: components["schemas"]["OtherwiseJson"][];
        };
        /** @description Until when a study is kept, and why. */
        StudyKept: {
            /** Format: int64 */
            bytes: number;
            date?: string | null;
            description?: string | null;
            /** @description It may be proposed for erasing today. */
            free: boolean;
            /** Format: int32 */
            instances: number;
            patient_name?: string | null;
            reasons: components["schemas"]["Reason"][];
            recorded: components["schemas"]["Recorded"][];
            /** @description `france-hospital` or `france-practice`. */
            rules: string;
            study: string;
            /** @description The first day on which it may go if nothing blocks; `null`: not known. */
            until?: string | null;
        };
        StudyPage: {
            more: boolean;
            offset: number;
            studies: components["schemas"]["Study"][];
        };
        /** @description A report of a case that is about the study. */
        StudyReport: {
            case: string;
            signed: components["schemas"]["SignedBy"];
            superseded_by?: components["schemas"]["SignedBy"] | null;
        };
        /** @description What rules mean to a study. */
        StudyRules: {
            routes: components["schemas"]["Sent"][];
            rules: components["schemas"]["Judged"][];
        };
        /** @description Where a study is. */
        StudyTier: {
            moving?: components["schemas"]["Moving"] | null;
            /**
             * Format: int64
             * @description Seconds that recalling it may take; `null`: not measured yet, or hot.
             */
            recall_s?: number | null;
            /** @description `hot`, `cold` or `unreachable` (cold, and not there now). */
            tier: string;
        };
        /** @description Who suspended it. */
        SuspendedJson: {
            name: string;
            /** @description We did, and may resume it. */
            ours: boolean;
            since: string;
            site: string;
        };
        /** @description What was tried when a shift was taken. */
        TakenJson: {
            /**
             * Format: int32
             * @description Covered sites that answered, and that did not.
             */
            answered: number;
            at: string;
            /** @description Whether the page hears at once what happens at its node. */
            link: string;
            notifications: string;
            /** @description `worked`, `not-noticed`, `refused`, `absent` or `not-tried`. */
            sound: string;
            /** Format: int32 */
            unanswered: number;
        };
        /** @description The delays of a priority, minutes. */
        TargetJson: {
            /**
             * Format: int32
             * @description Until somebody has acknowledged.
             */
            acknowledge: number;
            /**
             * Format: int32
             * @description Until there is a preliminary report.
             */
            report: number;
        };
        /** @description A team. */
        TeamJson: {
            /** @description Account names. */
            members: string[];
            /** @description As peers see it and requests name it. */
            name: string;
        };
        TelephoneJson: {
            name: string;
            number: string;
        };
        /** @description A source that answers. */
        Tested: {
            /** @description Studies of today that it lists. */
            today: number;
        };
        /** @description How the cold tier is. */
        Tiers: {
            /** @description Why it is not there: `silent`, `unmarked`, `other-site`, `credentials`, `bucket`, `region`, `clock`, `versions`. */
            away?: string | null;
            /** Format: int64 */
            bytes: number;
            configured: boolean;
            /** Format: int64 */
            free_bytes?: number | null;
            /** @description `folder` or `store` (an object store, S3); `null`: none is configured. */
            kind?: string | null;
            moves: components["schemas"]["Moving"][];
            /**
             * Format: int64
             * @description Bytes a second that reading it gave, the median of the last readings; `null`: none since the start.
             */
            pace?: number | null;
            /** @description The folder; the store's address, bucket and prefix. */
            place?: string | null;
            reachable: boolean;
            /** @description The first of them. */
            rows: components["schemas"]["ColdStudy"][];
            /**
             * Format: int64
             * @description Studies there.
             */
            studies: number;
        };
        /** @description Whom to ask. */
        To: {
            /** @description Key or name of a site. */
            site: string;
            /** @description Person or team there; empty: whoever is on duty. */
            whom?: string;
        };
        /** @description The page to come back to. */
        ToProvider: {
            /** @description A path of this portal. */
            page: string;
        };
        Token: {
            /** @description Shown this once. */
            token: string;
        };
        /** @description What a test went by. */
        ToldJson: {
            fault?: components["schemas"]["Fault"] | null;
            mail: boolean;
            webhook: boolean;
        };
        /** @description A study on its way from a peer, or from the PACS. */
        Transfer: {
            /**
             * Format: int64
             * @description Verified bytes of objects that are here.
             */
            bytes_done: number;
            /**
             * Format: double
             * @description Verified bytes of objects a second: what `seconds_left` is told by.
             */
            bytes_per_s: number;
            /** Format: int64 */
            bytes_total: number;
            /** @description Where several sites bring it: each of them, the custodian first. */
            holders: components["schemas"]["BringerJson"][];
            /** Format: int32 */
            instances_done: number;
            /** Format: int32 */
            instances_total: number;
            /**
             * Format: double
             * @description What the link carries over the wire, as far as is known.
             */
            link_bytes_per_s?: number | null;
            /**
             * Format: double
             * @description Share of the site's packets to us, which carry the images, that is lost lately, 0 to 1; nothing where it does not tell.
             */
            lost?: number | null;
            /** @description `direct`, `punched`, `tcp`, `relay`; `none` where there is none now; `source`: from the PACS. */
            road: string;
            /** Format: double */
            rtt_ms?: number | null;
            /** Format: double */
            seconds_left?: number | null;
            site: string;
            site_name: string;
            /** @description `running`, `waiting`, `paused`, `cancelled`, `done`, `refused` or `corrupt`. */
            state: string;
            study: string;
            /**
             * Format: int32
             * @description Images asked for that are not here yet.
             */
            waiting: number;
            /**
             * Format: double
             * @description Bytes over the wire a second: fewer than of objects, where they come coded.
             */
            wire_bytes_per_s: number;
        };
        /** @description What a trial of a link found. */
        TrialJson: {
            /** Format: double */
            bits_per_s: number;
            /** Format: int64 */
            bytes: number;
            /** Format: double */
            rtt_ms: number;
            /** Format: double */
            seconds: number;
            site: string;
            site_name: string;
        };
        /** @description What was tried before a shift is taken, and what came of it: `worked`, `not-noticed`, `refused` or `absent`. */
        Tried: {
            /** @description Whether the page hears at once what happens here; `not-tried`, as without a page, if left out. */
            link?: string | null;
            /** @description Whether the person saw a notification. */
            notifications: string;
            /** @description Whether the person heard the sound of an alert. */
            sound: string;
        };
        /** @description A frame that a viewer tried to decode. */
        TriedJson: {
            /** @description It can be decoded after all. */
            decoded?: boolean;
            /**
             * Format: int32
             * @description From 1.
             */
            frame: number;
            instance: string;
            series: string;
        };
        /** @description What a rule would have meant. */
        TriedOut: {
            looked_at: number;
            matched: number;
            /** @description The first of those it means. */
            studies: components["schemas"]["Meant"][];
        };
        /** @description A rule to try out. */
        TryOut: {
            /** @description On how many of the studies held here, the newest first; as if not given: 1000. */
            last?: number | null;
            rule: components["schemas"]["RuleJson"];
        };
        /** @description Who reads it beyond their credentials. */
        UncoveredJson: {
            at: string;
            person: string;
            reason: string;
            site: string;
            site_name: string;
        };
        UnderCase: {
            case: string;
            /** @description This site opened it. */
            ours: boolean;
            owner: string;
            studies: string[];
            until: string;
        };
        UnderGrant: {
            expires: string;
            grant: string;
            /** @description We gave it. */
            ours: boolean;
            study: string;
        };
        /** @description What the end of an agreement would cut. */
        UnderJson: {
            /** @description Open cases between the two sites. */
            cases: components["schemas"]["UnderCase"][];
            /** @description Studies shared one by one under it. */
            grants: components["schemas"]["UnderGrant"][];
            reading: components["schemas"]["ReadingJson"][];
        };
        /** @description Bytes of one kind. */
        Use: {
            /** Format: int64 */
            bytes: number;
            /** @description `objects`, `journal`, `index`, `cache`, `aside`, `other`. */
            kind: string;
        };
        /** @description A user as an administrator sees it. */
        UserJson: {
            /** @description The account opens nothing. */
            disabled: boolean;
            /** @description The password was given by another and must be changed first. */
            must_change: boolean;
            name: string;
            /** @description The role needs a second factor here. */
            needs_second_factor: boolean;
            origin?: components["schemas"]["Origin"] | null;
            professional: components["schemas"]["Professional"];
            role: string;
            second_factor: boolean;
            /** @description Sessions that go on. */
            sessions: number;
        };
        /** @description A reading context for a viewer on the person's own machine. */
        Viewing: {
            /** @description The DICOMweb root of these studies, and nothing else. */
            dicomweb_root: string;
            ends: string;
            /** @description Reads that root alone, as `Authorization: Bearer`; until then at the latest, and no longer than the session. */
            token: string;
        };
        /** @description Where a study is to be. */
        Wanted: {
            /** @description `cold` or `hot`. */
            tier: string;
        };
        /** @description What fetching by rules came to. */
        WasteJson: {
            /** Format: int64 */
            fetched: number;
            /** Format: int64 */
            fetched_bytes: number;
            /**
             * Format: int64
             * @description Of these nobody has opened so many.
             */
            unopened: number;
            /** Format: int64 */
            unopened_bytes: number;
            /**
             * Format: int64
             * @description Of those unopened so many are here no more: they were for nothing.
             */
            wasted: number;
            /** Format: int64 */
            wasted_bytes: number;
        };
        /** @description A study that a rule offers to a peer, or fetches from one. */
        WithPeer: {
            /** @description When it is tried again; `null`: now, or not at all. */
            again?: string | null;
            /** @description When it was dealt with last. */
            at: string;
            /** Format: int32 */
            attempts: number;
            /** @description `YYYYMMDD`. */
            date?: string | null;
            description?: string | null;
            patient_name?: string | null;
            /** @description A code: why it is refused or fails, or what it waits for. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Number of the rule that asked last.
             */
            rule: number;
            since: string;
            /** @description Key of the peer. */
            site: string;
            site_name: string;
            /**
             * @description `waiting`, `sending` or `failing`; then `done`, `refused`, `unknown` (the peer's version), `gone`, `rule-off`,
             *     `dropped`.
             */
            state: string;
            study: string;
        };
        /** @description A study, or a patient's studies, held back. */
        Withheld: {
            /** @description `patient`, `representative`, `physician` or `site`. */
            asked_by: string;
            /** @description `YYYYMMDD`. */
            asked_on: string;
            at: string;
            /** @description `opposed` (the patient opposes sharing), `masked` (no other site, an emergency neither) or `no-break-glass`. */
            how: string;
            /** Format: int64 */
            id: number;
            note: string;
            /** @description Who recorded it. */
            person: string;
            /** @description Study Instance UID; `null`: all of a patient. */
            study?: string | null;
        };
        /** @description One in the list of all: with the patient's identifier where all of a patient is meant. */
        WithheldRow: components["schemas"]["Withheld"] & {
            issuer?: string | null;
            patient_id?: string | null;
        };
        /** @description What to hold back: a study, or all of a patient, also what comes later. */
        Withhold: {
            /** @description All studies of the patient of `study`. */
            all_of_patient?: boolean;
            asked_by: string;
            asked_on?: string | null;
            how: string;
            /** @description … of this issuer; absent: those whose objects name no issuer. */
            issuer?: string | null;
            note?: string;
            /** @description All studies with this Patient ID … */
            patient_id?: string | null;
            /** @description Study Instance UID. */
            study?: string | null;
        };
        /** @description One term that is wrong. */
        WrongJson: {
            en: string;
            fr: string;
            /** @description The name of the term: `regions`, `since_days`, … */
            term: string;
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
