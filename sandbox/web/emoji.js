// Emoji by name: the common ones of Unicode, and the workspace's own as pictures. Others are shown as their :name:.

import { h } from "./dom.js";

const common = new Map(`
eyes 👀 white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ repeat 🔁 sos 🆘 lock 🔒 unlock 🔓 closed_lock_with_key 🔐
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 tada 🎉 heart ❤️ fire 🔥 rocket 🚀 wave 👋 pray 🙏 clap 👏 raised_hands 🙌 ok_hand 👌 muscle 💪
point_up ☝️ point_right 👉 point_left 👈 point_down 👇 smile 😄 smiley 😃 grinning 😀 grin 😁 slightly_smiling_face 🙂 wink 😉 joy 😂
sweat_smile 😅 thinking_face 🤔 see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊 disappointed 😞 cry 😢 sob 😭 scream 😱 rage 😡 facepalm 🤦
shrug 🤷 sunglasses 😎 warning ⚠️ no_entry ⛔ no_entry_sign 🚫 x ❌ exclamation ❗ question ❓ grey_question ❔ bangbang ‼️ rotating_light 🚨
bell 🔔 no_bell 🔕 red_circle 🔴 large_red_circle 🔴 large_blue_circle 🔵 large_green_circle 🟢 large_yellow_circle 🟡 large_orange_circle 🟠
large_purple_circle 🟣 white_circle ⚪ black_circle ⚫ bulb 💡 bug 🐛 wrench 🔧 hammer 🔨 gear ⚙️ package 📦 memo 📝 pencil 📝 pencil2 ✏️
clipboard 📋 pushpin 📌 paperclip 📎 link 🔗 mag 🔍 calendar 📅 date 📅 hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ alarm_clock ⏰
clock1 🕐 zap ⚡ sparkles ✨ star ⭐ star2 🌟 100 💯 checkered_flag 🏁 triangular_flag_on_post 🚩 inbox_tray 📥 outbox_tray 📤 email 📧
envelope ✉️ speech_balloon 💬 thread 🧵 leftwards_arrow_with_hook ↩️ arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️
arrows_counterclockwise 🔄 heavy_plus_sign ➕ heavy_minus_sign ➖ information_source ℹ️ bust_in_silhouette 👤 busts_in_silhouette 👥
robot_face 🤖 computer 💻 floppy_disk 💾 file_folder 📁 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 shield 🛡️ key 🔑
construction 🚧 coffee ☕ beer 🍺 pizza 🍕 cake 🍰 sunny ☀️ snowflake ❄️ umbrella ☔ ghost 👻 skull 💀 squirrel 🐿️ ship 🚢 shipit 🐿️
detective 🕵️
`.trim().split(/\n/).flatMap((row) => {
  const words = row.split(" ");
  return words.filter((_, i) => i % 2 === 0).map((name, i) => [name, words[2 * i + 1]]);
}));

let custom = {};

// setCustom takes the workspace's own emoji: addresses of pictures, or "alias:NAME".
export function setCustom(map) { custom = map; }

// emoji gives a node for a name, with or without a skin tone.
export function emoji(name) {
  const [bare] = name.split("::");
  const own = custom[bare];
  if (own?.startsWith("alias:")) return emoji(own.slice(6));
  if (own) {
    // Only the path counts: the page may have been opened under another name of this machine.
    return h("img", { class: "emoji", src: new URL(own, location.href).pathname, alt: `:${bare}:`, width: 20, height: 20, draggable: "false" });
  }
  const sign = common.get(bare);
  if (!sign) return h("code", { class: "emoji-name" }, `:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": bare.replaceAll("_", " ") }, sign);
}

// knows reports whether a name is an emoji that can be shown; own also counts those of the workspace, which only Slack knows.
export function knows(name, own = true) {
  const [bare] = name.split("::");
  return own && bare in custom || common.has(bare);
}
