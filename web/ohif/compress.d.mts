/** Replaces text and wasm files of `folder` by their brotli form. */
export declare function compressAll(folder: string, paths: string[]): Promise<void>;
