export function textOf(key: string, length: number): string;
