/** Takes what comes from one side; a side that it does not take goes through. */
export interface Stage {
  fromClient?(line: Buffer): void;
  fromServer?(line: Buffer): void;
  /** The server is gone; true if there is another in its place. */
  gone?(reason: string): boolean;
  /** The session ends. */
  end?(): void;
}

/** What two that meet speak over. */
export interface Track {
  readonly name: string;
  /** Undefined where lines go through. */
  stage: Stage | undefined;
  toServer(line: Buffer): void;
  /** Within a turn of the server's. */
  toClient(line: Buffer): void;
  /** Not within the call that it is said in: what it leads to is a turn of its own. */
  toClientLater(line: Buffer): void;
  /** Ends a turn that nothing of the server's began. */
  turn(): void;
  /** Puts another server in the place of one that ended. False if there can be none. */
  reopen(): boolean;
}
