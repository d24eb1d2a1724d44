export function below(n: number): number;
export function pick<T>(from: readonly T[]): T;
export function hex(n: number): string;
export function sentence(words: number): string;
export function address(): string;
export const KINDS: Record<string, (bytes: number) => unknown>;
