import { Dialog } from "../ui/dialog.tsx";

export interface PaletteProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function Palette({ open, onOpenChange }: PaletteProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Ask or find">
      {null}
    </Dialog>
  );
}
