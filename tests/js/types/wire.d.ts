// Written by `python -m mri.web.types`: what the server's JSON holds.
declare namespace Wire {
  interface Meta {
    session: TraceSession;
    num_steps: number;
    groups: Record<string, string[]>;
    sampled: Record<string, number[]>;
    name: string;
    version: string;
    integrity: string;
  }
  interface Tokens {
    sequence: number[];
    text: Record<string, string>;
    special: number[];
    steps: StepColumns;
  }
  interface FrameHeader {
    step: number;
    phase: "prefill" | "decode" | "train";
    pos0: number;
    t_add: number;
    chosen_id: number;
    forced: boolean;
    time_us: number;
    dropped: number;
    dropped_layers: number[];
  }
  interface Alignment {
    strategy: "prefix" | "mapping" | "pooled";
    positions: [number, number][];
    divergence: number;
    steps: [number, number][];
    matched: boolean[];
    whole: boolean[];
    keys: string[];
    notes: string[];
  }
  interface PairMap {
    by: "difference" | "cosine" | "length";
    keys: string[];
    values: (number | null)[][];
    low: (number | null)[][] | null;
    high: (number | null)[][] | null;
    missing: string;
  }
  interface RecordingStatus {
    id: string;
    state: "queued" | "running" | "paused" | "finished" | "error";
    position: number;
    step: number;
    max_steps: number;
    text: string;
    message: string;
  }
  interface CheckStatus {
    id: string;
    status: "running" | "finished" | "error";
    message: string;
    done: number;
    of: number;
    lines: Line[];
    is_right: boolean;
    verdict: string;
    text: string;
  }
  interface ModelOffer {
    id: string;
    label: string;
  }
  interface ModelFacts {
    id: string;
    title: string;
    reads: string;
    sizes: string;
    field: string;
    dtype: string;
    dtypes: string[];
  }
  interface ModelLoading {
    status: "running";
    message: string;
    done: number;
    of: number;
  }
  interface LoadedFacts {
    status: "finished";
    message: string;
    done: number;
    of: number;
    device: string;
    dtype: string;
    devices: string[];
    notes: string[];
    alarm: string;
  }
  interface RecordPlan {
    tokens: number;
    problem: string;
    unknown: UnknownWord[];
    presets: PresetOffer[];
  }
  interface State {
    type: "state";
    state: "queued" | "running" | "paused";
    position: number;
    step: number;
    max_steps: number;
    text: string;
    message: string;
  }
  interface Hello {
    session: TraceSession;
    num_steps: number;
    groups: Record<string, string[]>;
    sampled: Record<string, number[]>;
    name: string;
    version: string;
    integrity: string;
    from: number;
    type: "hello";
    state: "queued" | "running" | "paused" | "finished";
  }
  interface Text {
    type: "text";
    text: Record<string, string>;
  }
  interface Dropped {
    type: "dropped";
    payloads: number;
    frames: number;
    payload_steps: [number, number][];
    frame_steps: [number, number][];
  }
  interface End {
    type: "end";
    reason: string;
    end_reason: string;
    num_steps: number;
    text: string;
    dropped: Losses;
  }
  interface Refused {
    type: "refused";
    reason: string;
  }
  interface TraceSession {
    id: string;
    layout: Layout;
    kind: string;
    name: string;
    prompt: string;
    messages: Record<string, string>[];
    response: string;
    model_id: string;
    model_config: Record<string, any>;
    run: Run;
    facts: Record<string, any>;
    sampling: Record<string, any>;
    start_time: string;
    duration_s: number;
    num_steps: number;
    num_prompt_tokens: number;
    state: string;
    end_reason: string;
  }
  interface StepColumns {
    pos0: number[];
    t_add: number[];
    phase: string[];
    chosen_id: number[];
    forced: boolean[];
  }
  interface Line {
    name: string;
    compared: string;
    figure: number | null;
    tolerance: number | null;
    state: "right" | "wrong" | "not judged";
    cause: string;
    found: string;
  }
  interface UnknownWord {
    at: number;
    length: number;
    text: string;
    pieces: string[];
  }
  interface PresetOffer {
    name: string;
    title: string;
    keeps: string;
    lacks: [string, string][];
    steps: number;
    bytes: number;
    is_stepwise: boolean;
    problem: string;
  }
  interface Losses {
    payloads: number;
    frames: number;
  }
  interface Layout {
    points: HookPoint[];
    config: TraceConfig;
    topk: number;
    n_layer: number;
    n_head: number;
    n_ctx: number;
    n_vocab: number;
  }
  interface Run {
    model: Model;
    edits?: string[];
    parent?: string;
    fork_step?: number;
    group?: string;
    place?: number;
    hash: string;
  }
  interface HookPoint {
    key: string;
    layer_index: number;
    layer_type: string;
    width: number;
    payload: "topk" | "stats" | "edu" | "attention" | "logits";
    unit: string;
  }
  interface TraceConfig {
    capture_mode: "stats" | "sampled" | "topk" | "full";
    sample_stride: number;
    sample_seed: number | null;
    topk: number | null;
    quantization: "f32" | "f16" | "q8";
    max_bytes_per_step: number;
    drop_policy: "drop_payload_keep_stats" | "drop_layer" | "stop_trace";
    attention_tier: "summary" | "full_row" | "full_matrix";
    logits_topk: number;
    edu: boolean;
    prefill: "stats" | "positions" | "all" | "stepwise";
    ledger: "none" | "direct";
    lens: "none" | "kept" | "top";
    hook_points: string[];
  }
  interface Model {
    weights_hash?: string;
    file_hash?: string;
    config_hash?: string;
    tokenizer_hash?: string;
    era?: string;
    softcap?: number | null;
    device?: string;
    dtype?: string;
    model_path?: string;
    constants?: Record<string, number>;
  }
  type Message = State | Hello | Text | Dropped | End | Refused;
}
