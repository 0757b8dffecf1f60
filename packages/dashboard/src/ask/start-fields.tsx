import { CheckField } from "../ui/fields.tsx";

export interface StartFieldsProps {
  check: boolean;
  onCheck: (check: boolean) => void;
  atOnce: boolean;
  onAtOnce: (atOnce: boolean) => void;
}

/** How a change begins: whether it only looks, and whether it waits until its plan was seen. */
export function StartFields({ check, onCheck, atOnce, onAtOnce }: StartFieldsProps) {
  return (
    <>
      <CheckField
        label="Only check"
        hint="Shows what would change, and changes nothing."
        checked={check}
        onChange={onCheck}
      />
      <CheckField
        label="Do not wait for me where nobody’s yes is needed"
        hint="What the rules allow by themselves then runs before you have seen its plan."
        checked={atOnce}
        onChange={onAtOnce}
      />
    </>
  );
}
